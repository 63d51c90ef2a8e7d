import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { NodePool } from '@flotilla/proto';
import { demo, machine, workers } from '../testing/examples.js';
import { FakeFailure } from '../testing/fake-failure.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.machines = [machine('edge-7', { provider: 'home', region: 'attic' })];
});

/** Each save of the editor, one after the other; gives what it was shown. */
function editing(...saves: readonly ((text: string) => string)[]): string[] {
  const shown: string[] = [];
  let at = 0;
  stage.terminal.vars['EDITOR'] = 'ed --wait';
  stage.terminal.editor = async (argv) => {
    expect(argv.slice(0, 2)).toEqual(['ed', '--wait']);
    const path = argv.at(-1) ?? '';
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const text = await readFile(path, 'utf8');
    shown.push(text);
    await writeFile(path, saves[at++]?.(text) ?? text);
    return 0;
  };
  return shown;
}

const temporary = (): Promise<string[]> => readdir(join(stage.terminal.home, 'tmp')).catch(() => []);
const updates = (): unknown[] =>
  stage.server.calls.filter(({ method }) => method === 'UpdateNodePool').map(({ request }) => request);

test('the manifest, without what the server writes; only what was changed is sent', async () => {
  const shown = editing((text) => text.replace('size: 3', 'size: 5'));
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  expect(shown).toEqual([
    `# pool/workers: change it, save, and close the editor. An empty file leaves everything as it is.
kind: NodePool
meta:
  name: workers
cluster: demo
spec:
  role: WORKER
  size: 3
  template:
    kubernetesVersion: v1.34.4
    labels:
      tier: web
`,
  ]);
  expect(stage.terminal.stdout.text).toBe('pool/workers changed\n');
  expect(updates()).toMatchObject([{ updateMask: ['size'], etag: 'v7', spec: { size: 5 } }]);
  expect(await temporary()).toEqual([]);
});

test('a line that is taken out is taken out', async () => {
  editing((text) => text.replace('  size: 3\n', '').replace(/    labels:\n.*\n/, ''));
  expect(await stage.terminal.flotilla('edit', 'pool/workers')).toBe(0);
  expect(stage.server.fleet.pools[0]?.spec?.size).toBeUndefined();
  expect(stage.server.fleet.pools[0]?.spec?.template?.labels).toEqual({});
});

test('what is wrong comes back as comments with the line; what was written is still there', async () => {
  const shown = editing(
    (text) => text.replace('size: 3', 'siz: 5').concat('# my own note\n'),
    (text) => text.replace('siz: 5', 'size: 6'),
  );
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  const second = shown[1] ?? '';
  expect(second.split('\n').slice(0, 3)).toEqual([
    '# pool/workers: change it, save, and close the editor. An empty file leaves everything as it is.',
    '# This was not accepted yet:',
    '#   line 10: spec.siz is not a field of NodePool. Did you mean size?',
  ]);
  expect(second.split('\n')[9]).toBe('  siz: 5');
  expect(second).toContain('# my own note\n');
  expect(stage.server.fleet.pools[0]?.spec?.size).toBe(6);
});

test('what the server refuses comes back, too', async () => {
  stage.server.failures.set('UpdateNodePool', new FakeFailure(9, 'SKEW', 'too new', 'Upgrade the cluster first.'));
  const shown = editing(
    (text) => text.replace('size: 3', 'size: 5'),
    (text) => {
      stage.server.failures.clear();
      return text.replace('size: 5', 'size: 4');
    },
  );
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  expect(shown[1]).toContain('#   SKEW: too new. Upgrade the cluster first.\n');
  expect(stage.server.fleet.pools[0]?.spec?.size).toBe(4);
});

test('no change, or an empty file: nothing is sent and nothing is left', async () => {
  editing();
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  expect(stage.terminal.stdout.text).toBe('pool/workers unchanged\n');
  editing(() => '');
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  expect(stage.terminal.stdout.text).toBe('pool/workers unchanged: the file was empty\n');
  expect(updates()).toEqual([]);
  expect(await temporary()).toEqual([]);
});

test('the same mistake saved twice ends it, and the text is kept', async () => {
  editing((text) => text.replace('size: 3', 'siz: 5'));
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(1);
  expect(stage.terminal.stderr.text).toContain('EDIT_CANCELLED');
  const [, path = ''] = /Your text is kept in (.*)\n/.exec(stage.terminal.stderr.text) ?? [];
  expect(await readFile(path, 'utf8')).toContain('siz: 5');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('an editor that fails changes nothing', async () => {
  stage.terminal.editor = () => Promise.resolve(127);
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(1);
  expect(stage.terminal.stderr.text).toContain('EDITOR_FAILED: the editor ended with 127');
  expect(updates()).toEqual([]);
});

test('somebody else changed the same field: it is said first, and what they changed elsewhere stays', async () => {
  const shown = editing(
    (text) => {
      stage.server.fleet.pools = [
        NodePool.fromPartial({
          ...workers,
          meta: { ...workers.meta, etag: 'v8', labels: { theirs: 'x' } },
          spec: { ...workers.spec, size: 7 },
        }),
      ];
      return text.replace('size: 3', 'size: 5');
    },
    (text) => text.replace('size: 5', 'size: 8'),
  );
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  expect(shown[1]).toContain('somebody else changed spec.size meanwhile; it is now 7.');
  expect(stage.server.fleet.pools[0]).toMatchObject({ spec: { size: 8 }, meta: { labels: { theirs: 'x' } } });
});

test('kind and name stay', async () => {
  const shown = editing(
    (text) => text.replace('name: workers', 'name: other'),
    () => '',
  );
  expect(await stage.terminal.flotilla('edit', 'pool', 'workers')).toBe(0);
  expect(shown[1]).toContain('kind, name and cluster say what is edited');
});

test('a machine', async () => {
  editing((text) => text.replace('attic', 'cellar').concat('  remediationDisabled: true\n'));
  expect(await stage.terminal.flotilla('edit', 'machine', 'edge-7')).toBe(0);
  const update = stage.server.calls.findLast(({ method }) => method === 'UpdateMachine');
  expect(update?.request).toMatchObject({
    location: { provider: 'home', region: 'cellar' },
    remediationDisabled: true,
    updateMask: ['location', 'remediation_disabled'],
  });
});

test.each([
  [['token', 'x'], 'a token cannot be edited.\nIt is not made by a file: its secret is shown once'],
  [['node', 'x'], 'a node cannot be edited.\nIt is not made by a file: nodes come and go'],
  [['pool', 'a', 'b'], 'edit one thing at a time'],
])('edit %j is refused', async (words, text) => {
  expect(await stage.terminal.flotilla('edit', ...words)).toBe(2);
  expect(stage.terminal.stderr.text).toContain(text);
});
