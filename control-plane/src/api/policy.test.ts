import * as grpc from '@grpc/grpc-js';
import * as proto from '@flotilla/proto';
import { Role } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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
const leastRole: Readonly<Record<string, 'anonymous' | 'machine' | 'reader' | 'member' | 'admin'>> = {
  'EnrollmentService/beginEnrollment': 'anonymous',
  'EnrollmentService/finishEnrollment': 'anonymous',
  'AgentService/session': 'machine',
  'AgentService/renewCertificate': 'machine',
  'ProjectService/getProject': 'reader',
  'ProjectService/listProjects': 'reader',
  'ClusterService/createCluster': 'member',
  'ClusterService/getCluster': 'reader',
  'ClusterService/listClusters': 'reader',
  'ClusterService/deleteCluster': 'member',
  'ClusterService/issueKubeconfig': 'reader',
  'NodePoolService/createNodePool': 'member',
  'NodePoolService/getNodePool': 'reader',
  'NodePoolService/listNodePools': 'reader',
  'NodePoolService/updateNodePool': 'member',
  'NodePoolService/deleteNodePool': 'member',
  'MachineService/getMachine': 'reader',
  'MachineService/listMachines': 'reader',
  'MachineService/deleteMachine': 'member',
  'NodeService/getNode': 'reader',
  'NodeService/listNodes': 'reader',
  'NodeService/removeNode': 'member',
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
};

const asOperator = ['reader', 'member', 'admin'] as const;
const callers = ['stranger', 'machine', 'bad-key', ...asOperator, 'foreign-admin'] as const;
type Caller = (typeof callers)[number];

let server: TestServer;
let agent: FakeAgent;
const keys = new Map<Caller, string>();
const clients = new Map<Caller, grpc.Client>();

async function makeKey(projectId: string, name: string, role: Role): Promise<string> {
  const id = newId('key', systemRandom);
  const secret = 'abcdefghjkmnpqrstvwxyz23456789';
  const secretHash = apiKeyHash(await server.pepper(), id, secret);
  await server.store.commit(
    [{ kind: 'apikey.create', apiKey: { id, projectId, name, role, secretHash, expiresAtMs: Date.now() + 3_600_000 } }],
    { owner: 'api', nowMs: Date.now(), actor: 'test' },
  );
  return printedApiKey(id, secret);
}

beforeAll(async () => {
  server = await openTestServer();
  const own = await server.store.read.project('default');
  const foreign = newId('prj', systemRandom);
  await server.store.commit(
    [{ kind: 'project.spec', project: { id: foreign, name: 'foreign', displayName: '', labels: {} } }],
    { owner: 'api', nowMs: Date.now(), actor: 'test' },
  );
  const projectId = own?.id ?? '';
  keys.set('reader', await makeKey(projectId, 'reader', Role.READER));
  keys.set('member', await makeKey(projectId, 'member', Role.MEMBER));
  keys.set('admin', await makeKey(projectId, 'admin', Role.ADMIN));
  keys.set('foreign-admin', await makeKey(foreign, 'admin', Role.ADMIN));
  keys.set('bad-key', 'flk_abcdefgh2345.abcdefghjkmnpqrstvwxyz2345');
  const operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  const { secret } = await operator.tokens.createToken();
  operator.close();
  agent = new FakeAgent(server.port, server.admin.caPem);
  await agent.enroll(secret);
  for (const caller of callers) {
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
      if (caller === 'bad-key' && reason === 'RATE_LIMITED') return resolve('UNAUTHENTICATED');
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

function expected(least: string, caller: Caller, scope: string | undefined): string {
  if (least === 'anonymous') return 'let in';
  if (least === 'machine') return caller === 'machine' ? 'let in' : 'UNAUTHENTICATED';
  if (caller === 'stranger' || caller === 'machine' || caller === 'bad-key') return 'UNAUTHENTICATED';
  // Rights in a project end at its border.
  if (caller === 'foreign-admin') return scope === 'project' ? 'PERMISSION_DENIED' : 'let in';
  const order = ['reader', 'member', 'admin'];
  return order.indexOf(caller) >= order.indexOf(least) ? 'let in' : 'PERMISSION_DENIED';
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
      const scope = policy.identity === 'api-key' ? policy.scope : undefined;
      const seen = await Promise.all(
        callers.map(async (caller) => [caller, await gateAnswer(definition.path, caller, definition)]),
      );
      const wanted = callers.map((caller) => [caller, expected(leastRole[name] ?? '', caller, scope)]);
      expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(wanted));
    },
  );
});
