import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { AuditEntry } from '@flotilla/proto';
import { demo, machine, rack12, runningNode, workers } from '../testing/examples.js';
import { ago } from '../testing/fake-env.js';
import { FakeFailure } from '../testing/fake-failure.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

/** Every way in which people and programs let secrets slip; none may be in the bundle, in whatever place it was planted. */
const canaries: readonly (readonly [what: string, text: string, secret: string])[] = [
  ['an API key', 'used flk_8w2k9.CANARYkey-1', 'CANARYkey-1'],
  ['an enrolment token', 'curl … | sudo sh -s -- --token f7k2q1.canary22222222222222', 'canary22222222222222'],
  ['a bootstrap token', 'kubeadm join --discovery abcdef.canary3333333333', 'canary3333333333'],
  ['a private key', '-----BEGIN EC PRIVATE KEY-----\nCANARY4444\n-----END EC PRIVATE KEY-----', 'CANARY4444'],
  ['a bearer', 'authorization: Bearer CANARY55555', 'CANARY55555'],
  ['a password', 'mysql --user=a --password=CANARY66666', 'CANARY66666'],
  ['a password of a URL', 'https://ann:CANARY77777@example.org/x', 'CANARY77777'],
  ['a JSON web token', 'eyJhbGciOiJSUzI1NiJ9.CANARY88888.sig', 'CANARY88888'],
  ['a key of a kubeconfig', 'client-key-data: CANARY99999==', 'CANARY99999'],
];

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.nodes = [runningNode('bravo', 'workers'), rack12];
  fleet.machines = [machine('bravo', { provider: 'aws', region: 'eu-west' })];
});

/** Unpacks with the tar of the system: file → text. */
async function unpack(path: string): Promise<Map<string, string>> {
  const dir = await mkdtemp(join(stage.terminal.home, 'unpacked-'));
  execFileSync('tar', ['-xzf', path, '-C', dir]);
  const files = new Map<string, string>();
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const full = join(entry.parentPath, entry.name);
    files.set(full.slice(dir.length + 1).replace(/^[^/]+\//, ''), await readFile(full, 'utf8'));
  }
  return files;
}

test('says what is in it; a real tar opens it; nobody else can read it', async () => {
  const { terminal } = stage;
  expect(await terminal.flotilla('support-bundle', '-f', 'out.tar.gz')).toBe(0);
  const path = join(terminal.home, 'out.tar.gz');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const files = await unpack(path);
  expect([...files.keys()].sort()).toEqual(
    [
      'README.txt',
      'audit.yaml',
      'caller.yaml',
      'describe/cluster-demo-clu_4k2.txt',
      'describe/machine-bravo-mch_bravo.txt',
      'describe/node-bravo-nod_bravo.txt',
      'describe/node-rack-12-nod_41xq.txt',
      'describe/pool-workers-pol_w1.txt',
      'doctor.yaml',
      'resources/api-keys.yaml',
      'resources/clusters.yaml',
      'resources/events.yaml',
      'resources/machines.yaml',
      'resources/members.yaml',
      'resources/nodes.yaml',
      'resources/pools.yaml',
      'resources/projects.yaml',
      'resources/tokens.yaml',
      'resources/versions.yaml',
      'versions.yaml',
    ].sort(),
  );
  expect(files.get('describe/node-rack-12-nod_41xq.txt')).toContain('Verdict  management lost');
  expect(files.get('resources/pools.yaml')).toContain('name: workers');
  const lines = terminal.stdout.text.split('\n');
  expect(lines[0]).toMatch(/^\/.*out\.tar\.gz {2}[\d.]+ KiB, readable by you alone$/);
  expect(lines).toContain('  describe/  5 files');
  expect(lines).toContain('  resources/events.yaml');
});

test('no canary gets out, wherever it was planted', async () => {
  const { server, terminal } = stage;
  const { fleet } = server;
  for (const [what, text] of canaries) {
    fleet.addEvent({
      resourceKind: 'node',
      resourceId: 'nod_41xq',
      reason: 'Said',
      message: `${what}: ${text}`,
      time: ago(9),
    });
    fleet.audit.push(
      AuditEntry.create({ sequence: 1n, action: 'x.y', details: { note: text, password: 'CANARYdetail' } }),
    );
  }
  const [bravo] = fleet.machines;
  if (bravo?.meta !== undefined) bravo.meta.labels = { 'db-password': 'CANARYlabel' };
  if (bravo?.spec !== undefined) bravo.spec.quarantineReason = canaries.map(([, text]) => text).join('\n');
  fleet.keys = [];
  server.failures.set('ListVersions', new FakeFailure(13, 'BROKEN', `it holds ${server.apiKey}`));
  await terminal.flotilla('support-bundle', '-f', 'out.tar.gz');
  const whole = [...(await unpack(join(terminal.home, 'out.tar.gz'))).values()].join('\n');
  expect(whole).toContain('an API key: used flk_[removed]');
  const secrets = [...canaries.map(([, , secret]) => secret), 'CANARYdetail', 'CANARYlabel', server.apiKey];
  expect(secrets.filter((secret) => whole.includes(secret))).toEqual([]);
  expect(whole.match(/canary/gi)).toBeNull();
});

test('what could not be had is said, and the rest is there; 1', async () => {
  const { server, terminal } = stage;
  server.failures.set('ListAuditEntries', new FakeFailure(7, 'ROLE_TOO_LOW', 'only an Admin may see all of it'));
  expect(await terminal.flotilla('support-bundle', '-f', 'out.tar.gz')).toBe(1);
  expect(terminal.stderr.text).toBe('Not everything could be had: see errors.txt in it.\n');
  const files = await unpack(join(terminal.home, 'out.tar.gz'));
  expect(files.get('errors.txt')).toBe('audit.yaml: ROLE_TOO_LOW: only an Admin may see all of it\n');
  expect(files.has('resources/nodes.yaml')).toBe(true);
});
