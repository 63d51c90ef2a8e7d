import * as grpc from '@grpc/grpc-js';
import * as proto from '@flotilla/proto';
import { Role } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Change } from '@flotilla/core';
import { newId, systemRandom } from '@flotilla/kit';
import { apiKeyHash, printedApiKey } from '../access/api-key.js';
import { FakeAgent } from '../testing/fake-agent.js';
import { openOperator, seenError } from '../testing/operator.js';
import { openTestServer, type TestServer } from '../testing/server.js';
import { privateKeyPem } from '../enroll/x509.js';
import { rpcPolicy, type RpcPolicy } from './policy.js';

/**
 * The table of who may call what, written a second time and by hand, from product.md section 11. A policy that is
 * changed must be changed here too, by somebody who thinks twice.
 */
const leastRole: Readonly<Record<string, 'anonymous' | 'machine' | 'reader' | 'member' | 'admin' | 'instance'>> = {
  'EnrollmentService/beginEnrollment': 'anonymous',
  'EnrollmentService/finishEnrollment': 'anonymous',
  'AgentService/session': 'machine',
  'AgentService/renewCertificate': 'machine',
  'ProjectService/getProject': 'reader',
  'ProjectService/listProjects': 'reader',
  'ProjectService/createProject': 'instance',
  'ProjectService/updateProject': 'admin',
  'ProjectService/deleteProject': 'admin',
  'ClusterService/createCluster': 'member',
  'ClusterService/getCluster': 'reader',
  'ClusterService/listClusters': 'reader',
  'ClusterService/updateCluster': 'member',
  'ClusterService/pauseCluster': 'member',
  'ClusterService/resumeCluster': 'member',
  'ClusterService/deleteCluster': 'member',
  'ClusterService/issueKubeconfig': 'reader',
  'NodePoolService/createNodePool': 'member',
  'NodePoolService/getNodePool': 'reader',
  'NodePoolService/listNodePools': 'reader',
  'NodePoolService/updateNodePool': 'member',
  'NodePoolService/deleteNodePool': 'member',
  'NodePoolService/pauseNodePool': 'member',
  'NodePoolService/resumeNodePool': 'member',
  'MachineService/getMachine': 'reader',
  'MachineService/listMachines': 'reader',
  'MachineService/updateMachine': 'member',
  'MachineService/quarantineMachine': 'member',
  'MachineService/releaseMachine': 'member',
  'MachineService/pauseMachine': 'member',
  'MachineService/resumeMachine': 'member',
  'MachineService/deleteMachine': 'member',
  'NodeService/getNode': 'reader',
  'NodeService/listNodes': 'reader',
  'NodeService/removeNode': 'member',
  'NodeService/replaceNode': 'member',
  'NodeService/cordonNode': 'member',
  'NodeService/uncordonNode': 'member',
  'NodeService/drainNode': 'member',
  'NodeService/retryNode': 'member',
  'TokenService/createToken': 'member',
  'TokenService/getToken': 'reader',
  'TokenService/listTokens': 'reader',
  'TokenService/revokeToken': 'member',
  'VersionService/getVersion': 'reader',
  'VersionService/listVersions': 'reader',
  'VersionService/syncArtifacts': 'member',
  'VersionService/getServerInfo': 'reader',
  'EventService/listEvents': 'reader',
  'EventService/watchEvents': 'reader',
  'AccessService/getCaller': 'reader',
  'AccessService/createApiKey': 'admin',
  'AccessService/listApiKeys': 'admin',
  'AccessService/revokeApiKey': 'admin',
  'AccessService/listMembers': 'admin',
  'AccessService/setMember': 'admin',
  'AccessService/removeMember': 'admin',
  'AuditService/listAuditEntries': 'member',
};

/** Matters of the whole instance; everything else a key may do is in one project. Also by hand. */
const ofInstance = new Set([
  'ProjectService/listProjects',
  'ProjectService/createProject',
  'VersionService/getVersion',
  'VersionService/listVersions',
  'VersionService/syncArtifacts',
  'VersionService/getServerInfo',
  'AccessService/getCaller',
]);

/** Each caller, with its role in the project "default" and in matters of the instance. */
const callers = {
  stranger: undefined,
  machine: undefined,
  'bad-key': undefined,
  'expired-admin': undefined,
  'revoked-admin': undefined,
  reader: { project: 'reader', instance: 'reader' },
  member: { project: 'member', instance: 'member' },
  admin: { project: 'admin', instance: 'admin' },
  // Keys of another project: nothing here, unless they are members.
  'foreign-admin': { project: undefined, instance: 'admin' },
  'foreign-admin-as-reader': { project: 'reader', instance: 'admin' },
  'foreign-reader-as-member': { project: 'member', instance: 'reader' },
  'foreign-reader-as-admin': { project: 'admin', instance: 'reader' },
  // Creates projects; holds no role in one by itself, not even where its key lies.
  'instance-admin': { project: undefined, instance: 'instance' },
  'instance-admin-as-reader': { project: 'reader', instance: 'instance' },
} as const;
type Caller = keyof typeof callers;
const names = Object.keys(callers) as Caller[];
const order = ['reader', 'member', 'admin', 'instance'];

let server: TestServer;
let agent: FakeAgent;
let ownId: string;
const keys = new Map<Caller, string>();
const clients = new Map<Caller, grpc.Client>();

async function makeKey(
  projectId: string,
  name: string,
  role: Role,
  over: { memberAs?: Role; ttlMs?: number; revoked?: boolean } = {},
): Promise<string> {
  const id = newId('key', systemRandom);
  const secret = 'abcdefghjkmnpqrstvwxyz23456789';
  const secretHash = apiKeyHash(await server.pepper(), id, secret);
  const nowMs = Date.now();
  const expiresAtMs = nowMs + (over.ttlMs ?? 3_600_000);
  const changes: Change[] = [{ kind: 'apikey.create', apiKey: { id, projectId, name, role, secretHash, expiresAtMs } }];
  if (over.revoked === true) changes.push({ kind: 'apikey.revoke', apiKeyId: id });
  if (over.memberAs !== undefined) {
    const member = { id: `mem_${name}`, projectId: ownId, subject: `api-key:${id}`, role: over.memberAs };
    changes.push({ kind: 'member.set', member });
  }
  await server.store.commit(changes, { owner: 'api', nowMs, actor: 'test' });
  return printedApiKey(id, secret);
}

beforeAll(async () => {
  server = await openTestServer();
  ownId = (await server.store.read.project('default'))?.id ?? '';
  const foreign = newId('prj', systemRandom);
  await server.store.commit(
    [{ kind: 'project.spec', project: { id: foreign, name: 'foreign', displayName: '', labels: {} } }],
    { owner: 'api', nowMs: Date.now(), actor: 'test' },
  );
  const key = async (caller: Caller, ...rest: [string, Role, Parameters<typeof makeKey>[3]?]): Promise<void> => {
    keys.set(caller, await makeKey(rest[0], caller, rest[1], rest[2]));
  };
  await key('reader', ownId, Role.READER);
  await key('member', ownId, Role.MEMBER);
  await key('admin', ownId, Role.ADMIN);
  await key('expired-admin', ownId, Role.ADMIN, { ttlMs: -1 });
  await key('revoked-admin', ownId, Role.ADMIN, { revoked: true });
  await key('foreign-admin', foreign, Role.ADMIN);
  await key('foreign-admin-as-reader', foreign, Role.ADMIN, { memberAs: Role.READER });
  await key('foreign-reader-as-member', foreign, Role.READER, { memberAs: Role.MEMBER });
  await key('foreign-reader-as-admin', foreign, Role.READER, { memberAs: Role.ADMIN });
  await key('instance-admin', ownId, Role.INSTANCE_ADMIN);
  await key('instance-admin-as-reader', ownId, Role.INSTANCE_ADMIN, { memberAs: Role.READER });
  keys.set('bad-key', 'flk_abcdefgh2345.abcdefghjkmnpqrstvwxyz2345');
  const operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  const { secret } = await operator.tokens.createToken();
  operator.close();
  agent = new FakeAgent(server.port, server.admin.caPem);
  await agent.enroll(secret);
  for (const caller of names) {
    const ca = Buffer.from(server.admin.caPem);
    const credentials =
      caller === 'machine'
        ? grpc.credentials.createSsl(ca, Buffer.from(privateKeyPem(agent.tls)), Buffer.from(agent.chain))
        : grpc.credentials.createSsl(ca);
    clients.set(
      caller,
      new grpc.Client(`127.0.0.1:${server.port}`, credentials, { 'grpc.use_local_subchannel_pool': 1 }),
    );
  }
});
afterAll(async () => {
  for (const client of clients.values()) client.close();
  agent.close();
  await server.remove();
});

/** Whether the gate let the call through: any answer of the handler itself counts, also an error. */
async function gateAnswer(
  path: string,
  caller: Caller,
  kinds: { requestStream: boolean; responseStream: boolean },
): Promise<string> {
  const client = clients.get(caller);
  if (client === undefined) throw new Error('no client');
  const metadata = new grpc.Metadata();
  const key = keys.get(caller);
  if (key !== undefined) metadata.set('authorization', `Bearer ${key}`);
  // A request that names the project "default" and nothing else: field 1 is the project in every project-scoped request.
  const body = Buffer.concat([Buffer.from([0x0a, 7]), Buffer.from('default')]);
  const through = (bytes: Buffer): Buffer => bytes;
  return new Promise((resolve) => {
    const refused = (error: unknown): void => {
      const { code, reason } = seenError(error);
      // So many wrong keys from one address meet the limit on guessing, which is as closed a door.
      if (callers[caller] === undefined && reason === 'RATE_LIMITED') return resolve('UNAUTHENTICATED');
      const byGate = reason === 'PERMISSION_DENIED' || reason === 'UNAUTHENTICATED';
      resolve(byGate ? code : 'let in');
    };
    if (kinds.requestStream) {
      const stream = client.makeBidiStreamRequest(path, through, through, metadata);
      stream.on('error', refused).on('data', () => undefined);
      // No Hello: whoever got in is told so.
      stream.write(Buffer.alloc(0));
      return;
    }
    if (kinds.responseStream) {
      const stream = client.makeServerStreamRequest(path, through, through, body, metadata, {
        deadline: Date.now() + 1500,
      });
      stream
        .on('error', refused)
        .on('data', () => undefined)
        .on('end', () => resolve('let in'));
      return;
    }
    client.makeUnaryRequest(path, through, through, body, metadata, (error) =>
      error === null ? resolve('let in') : refused(error),
    );
  });
}

function expected(least: string, caller: Caller, scope: 'project' | 'instance'): string {
  if (least === 'anonymous') return 'let in';
  if (least === 'machine') return caller === 'machine' ? 'let in' : 'UNAUTHENTICATED';
  const roles = callers[caller];
  if (roles === undefined) return 'UNAUTHENTICATED';
  const role = roles[scope];
  return role !== undefined && order.indexOf(role) >= order.indexOf(least) ? 'let in' : 'PERMISSION_DENIED';
}

const rows = Object.entries(rpcPolicy).flatMap(([service, methods]) =>
  Object.entries(methods as Readonly<Record<string, RpcPolicy>>).map(([method, policy]) => ({
    service,
    method,
    policy,
  })),
);

describe('the policy table', () => {
  it('has a written counterpart for every method', () => {
    expect(rows.map(({ service, method }) => `${service}/${method}`).sort()).toEqual(Object.keys(leastRole).sort());
  });

  it.each(rows.map((row) => [`${row.service}/${row.method}`, row] as const))(
    '%s',
    async (name, { service, method, policy }) => {
      const definitions = proto as unknown as Readonly<
        Record<string, Readonly<Record<string, grpc.MethodDefinition<unknown, unknown>>>>
      >;
      const definition = definitions[`${service}Service`]?.[method];
      if (definition === undefined) throw new Error('no definition');
      const scope = ofInstance.has(name) ? 'instance' : 'project';
      if (policy.identity === 'api-key') expect(policy.scope).toBe(scope);
      const seen = await Promise.all(
        names.map(async (caller) => [caller, await gateAnswer(definition.path, caller, definition)]),
      );
      const wanted = names.map((caller) => [caller, expected(leastRole[name] ?? '', caller, scope)]);
      expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(wanted));
    },
  );
});
