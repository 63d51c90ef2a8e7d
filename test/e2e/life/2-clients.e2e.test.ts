import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { cacheDir } from '../../testbed/index.js';
import { run, runOk, type Finished } from '../../quickstart/process.js';
import { eventsAfter, project, revision } from '../ground/fleet.js';
import { adminFile, attachGround, groundDir, serverNames, type Ground } from '../ground/ground.js';

const grpcurlVersion = '1.9.4';
const grpcurlDir = join(dirname(cacheDir()), 'peers', `grpcurl-${grpcurlVersion}`);
const ca = join(groundDir, 'clients-ca.pem');
const headers = join(groundDir, 'clients-headers');
let ground: Ground;
let address = '';
let env: NodeJS.ProcessEnv = {};

beforeAll(async () => {
  ground = attachGround();
  const admin = adminFile(ground.controlPlane);
  address = admin.address;
  writeFileSync(ca, admin.caPem);
  writeFileSync(headers, `authorization: Bearer ${admin.apiKey}\n`, { mode: 0o600 });
  env = { ...process.env, FLOTILLA_KEY: admin.apiKey };
  if (existsSync(join(grpcurlDir, 'grpcurl'))) return;
  mkdirSync(grpcurlDir, { recursive: true });
  const build = ['go', 'install', `github.com/fullstorydev/grpcurl/cmd/grpcurl@v${grpcurlVersion}`];
  await runOk(build, { env: { ...process.env, GOBIN: grpcurlDir, CGO_ENABLED: '0' }, timeoutMs: 550_000 });
});

describe('grpcurl, by reflection', () => {
  const auth = ['-expand-headers', '-H', 'authorization: Bearer ${FLOTILLA_KEY}'];
  const grpcurl = (before: readonly string[], after: readonly string[]): Promise<Finished> =>
    run([join(grpcurlDir, 'grpcurl'), '-cacert', ca, ...auth, ...before, address, ...after], { env });

  test('lists the services and describes a method with its comment', async () => {
    const listed = (await grpcurl([], ['list'])).stdout.trim().split('\n');
    for (const name of [
      'Project',
      'Cluster',
      'NodePool',
      'Machine',
      'Node',
      'Token',
      'Version',
      'Event',
      'Audit',
      'Access',
    ])
      expect(listed).toContain(`flotilla.operator.v1.${name}Service`);
    expect(listed).toContain('grpc.health.v1.Health');
    const { stdout } = await grpcurl([], ['describe', 'flotilla.operator.v1.NodePoolService.UpdateNodePool']);
    expect(stdout).toContain('rpc UpdateNodePool');
  });

  test('calls what it has just learnt: machines, a dry run, a precise refusal', async () => {
    const machines = await grpcurl(
      ['-d', '{"project":"default"}'],
      ['flotilla.operator.v1.MachineService/ListMachines'],
    );
    expect((JSON.parse(machines.stdout) as { machines: unknown[] }).machines).toHaveLength(serverNames.length);
    const dry = await grpcurl(
      ['-d', '{"project":"default","name":"dry","options":{"validateOnly":true}}'],
      ['flotilla.operator.v1.ClusterService/CreateCluster'],
    );
    expect(dry.code).toBe(0);
    const bad = await grpcurl(
      ['-d', '{"project":"default","name":"Not A Name"}'],
      ['flotilla.operator.v1.ClusterService/CreateCluster'],
    );
    expect(bad.code).not.toBe(0);
    expect(bad.stderr).toContain('InvalidArgument');
    expect(bad.stderr).toMatch(/"field": "name"/);
    const { clusters } = await ground.api.clusters.listClusters({ project });
    expect(clusters.map(({ meta }) => meta?.name)).not.toContain('dry');
  });

  test('without a key it is told nothing', async () => {
    const call = [
      '-cacert',
      ca,
      '-d',
      '{"project":"default"}',
      address,
      'flotilla.operator.v1.MachineService/ListMachines',
    ];
    const { code, stdout, stderr } = await run([join(grpcurlDir, 'grpcurl'), ...call], { env });
    expect([code, stdout]).toEqual([expect.any(Number), '']);
    expect(code).not.toBe(0);
    expect(stderr).toContain('Unauthenticated');
  });
});

describe('curl, on the same methods as JSON', () => {
  const curl = async (method: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> => {
    const { stdout } = await run([
      ...['curl', '-sS', '--cacert', ca, '-H', `@${headers}`, '-H', 'content-type: application/json'],
      ...['-d', JSON.stringify(body), '-w', '\n%{http_code}', `https://${address}/flotilla.operator.v1.${method}`],
    ]);
    const lines = stdout.trim().split('\n');
    const status = Number(lines.pop());
    return { status, body: JSON.parse(lines.join('\n')) as Record<string, unknown> };
  };

  test('reads, writes, and says what is wrong', async () => {
    const machines = await curl('MachineService/ListMachines', { project: 'default' });
    expect([machines.status, (machines.body['machines'] as unknown[]).length]).toEqual([200, serverNames.length]);
    const bad = await curl('ClusterService/CreateCluster', {
      project: 'default',
      name: 'x',
      spec: { podCidr: 'everything' },
    });
    expect(bad.status).toBe(400);
    expect(JSON.stringify(bad.body)).toContain('podCidr');
    const gone = await curl('ClusterService/GetCluster', { project: 'default', cluster: 'nothing' });
    expect([gone.status, gone.body['code']]).toEqual([404, 'not_found']);
    const { stdout } = await run(['curl', '-sS', '--cacert', ca, `https://${address}/openapi.json`]);
    const paths = Object.keys((JSON.parse(stdout) as { paths: object }).paths);
    expect(paths).toContain('/flotilla.operator.v1.MachineService/ListMachines');
  });

  test('two with the same request id at once, over two protocols, are one', async () => {
    const { machines } = await ground.api.machines.listMachines({ project });
    const machine = machines[0]?.meta?.id ?? '';
    const since = await revision(ground);
    const options = { requestId: 'the-same-one', validateOnly: false };
    const request = { project, machine, labels: { rack: 'twelve' }, updateMask: ['labels'], options };
    const [one, other] = await Promise.all([
      curl('MachineService/UpdateMachine', { ...request, updateMask: 'labels' }),
      ground.api.machines.updateMachine(request),
    ]);
    const etag = (one.body['machine'] as { meta: { etag: string } } | undefined)?.meta.etag;
    expect([one.status, etag]).toEqual([200, other.machine?.meta?.etag]);
    const changed = (await eventsAfter(ground, since)).filter(
      ({ resourceId, category }) => resourceId === machine && category !== 'Session',
    );
    expect(changed.length).toBeLessThanOrEqual(1);
  });

  test('two operators change one thing at once: one wins, the other is told, nothing is lost', async () => {
    const { machines } = await ground.api.machines.listMachines({ project });
    const machine = machines[1]?.meta?.id ?? '';
    const etag = machines[1]?.meta?.etag ?? '';
    const update = async (by: string): Promise<{ by: string; status: number }> => {
      const { status } = await curl('MachineService/UpdateMachine', {
        ...{ project: 'default', machine, labels: { by }, updateMask: 'labels', etag },
      });
      return { by, status };
    };
    const answers = await Promise.all([update('one'), update('two')]);
    const winners = answers.filter(({ status }) => status === 200);
    expect(winners).toHaveLength(1);
    expect([400, 409, 412]).toContain(answers.find(({ status }) => status !== 200)?.status);
    const now = await ground.api.machines.getMachine({ project, machine });
    expect(now.machine?.meta?.labels).toEqual({ by: winners[0]?.by });
  });
});
