import { beforeEach, expect, test } from 'vitest';
import { ArtifactState, KubernetesVersion, Role } from '@flotilla/proto';
import { cliVersion } from '../version-number.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  const { server } = stage;
  server.fleet.caPin = server.certificates.caPin;
});

/** What is shown of one check: its state, its text and its cure. */
async function finding(check: string): Promise<{ code: number; state: string; text: string; cure: string }> {
  const code = await stage.terminal.flotilla('doctor', '-o', 'json');
  const { items } = JSON.parse(stage.terminal.stdout.text) as {
    items: { check: string; state: string; text: string; cure: string }[];
  };
  const found = items.find((item) => item.check === check);
  if (found === undefined) throw new Error(`no ${check} in ${stage.terminal.stdout.text}`);
  return { code, ...found };
}

test('all is well: a line for each check', async () => {
  expect(await stage.terminal.flotilla('doctor')).toBe(0);
  const { text } = stage.terminal.stdout;
  expect(text.match(/^ {2}ok +\w+/gm)?.map((line) => line.trim().split(/ +/)[1])).toEqual([
    'context',
    'reach',
    'tls',
    'clock',
    'server',
    'version',
    'role',
    'mirror',
  ]);
  expect(text).toContain(`  ok    role     api-key:bootstrap, Admin of project default\n`);
  expect(text).toContain('  ok    mirror   v1.34.4 mirrored\n');
  expect(text).toContain(`  ok    version  ${cliVersion}, here and there\n`);
});

test('nobody is logged in', async () => {
  delete stage.terminal.vars['FLOTILLA_ADMIN_FILE'];
  expect(await stage.terminal.flotilla('doctor')).toBe(1);
  expect(stage.terminal.stdout.text).toMatch(
    /^ {2}bad {3}context {2}NOT_LOGGED_IN: there is no server to talk to yet\n {17}Log in with the file/,
  );
});

test('nobody answers', async () => {
  const { server, terminal } = stage;
  terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home, { server: 'https://127.0.0.1:1' });
  expect(await finding('reach')).toMatchObject({
    code: 1,
    state: 'bad',
    cure: expect.stringContaining('curl -k') as string,
  });
});

test('another certificate answers', async () => {
  const { server, terminal } = stage;
  const { FakeServer } = await import('../testing/fake-server.js');
  const other = await FakeServer.start();
  try {
    const { caPem, caPin } = other.certificates;
    terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home, { caPem, caPin });
    expect(await finding('tls')).toMatchObject({
      code: 1,
      state: 'bad',
      cure: expect.stringContaining('login --from') as string,
    });
  } finally {
    other.stop();
  }
});

test.each([
  [30_000, 'warn', 0, 'this computer is 29s behind the server'],
  [-600_000, 'bad', 1, 'this computer is 9m59s ahead of the server'],
  [900, 'ok', 0, 'the same as the server, to the second'],
])('the clock of the server is %i ms ahead: %s', async (aheadMs, state, code, text) => {
  stage.server.aheadMs = aheadMs;
  expect(await finding('clock')).toMatchObject({ code, state, text });
});

test('the server says another CA than it shows', async () => {
  stage.server.fleet.caPin = `sha256:${'0'.repeat(64)}`;
  expect(await finding('tls')).toMatchObject({ code: 1, state: 'bad' });
});

test('the server is not ready: what it says, and where to look', async () => {
  stage.server.ready = false;
  expect(await finding('server')).toEqual({
    code: 1,
    check: 'server',
    state: 'bad',
    text: 'not ready (503): the store is read-only: disk full',
    cure: 'There: journalctl -u flotilla-server -n 50',
  });
});

test('a reader is told that nothing can be changed', async () => {
  stage.server.fleet.callerRole = Role.READER;
  expect(await finding('role')).toMatchObject({ code: 0, state: 'warn' });
});

test('an empty mirror: the line that fills it', async () => {
  stage.server.fleet.versions = [
    KubernetesVersion.create({
      version: 'v1.35.4',
      availableForNewClusters: true,
      artifacts: [{ arch: 'amd64', state: ArtifactState.MISSING, files: 0, sizeBytes: 0n, manifestSha256: '' }],
    }),
  ];
  expect(await finding('mirror')).toMatchObject({
    code: 1,
    state: 'bad',
    cure: 'Run: flotilla artifacts sync v1.35.4',
  });
});

test('a key that was revoked', async () => {
  const { server, terminal } = stage;
  terminal.vars['FLOTILLA_ADMIN_FILE'] = await server.writeAdminFile(terminal.home, { apiKey: 'flk_other.secret' });
  expect(await finding('server')).toMatchObject({ code: 1 });
  expect(terminal.stdout.text).toContain('API_KEY_UNKNOWN');
  expect(terminal.stdout.text).not.toContain('flk_other');
});
