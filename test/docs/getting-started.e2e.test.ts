import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ControlPlane } from '../quickstart/control-plane.js';
import { argvOf, blocksOf, commandsOf, pageText, root } from './markdown.js';

const page = 'docs/getting-started.md';
const url = 'https://127.0.0.1:17440';
const home = mkdtempSync(join(tmpdir(), 'flotilla-getting-started-'));
const controlPlane = new ControlPlane({ root, dir: home, publicUrl: url, listen: '127.0.0.1:17440' });

const lifecycle = 'test/e2e/lifecycle.e2e.test.ts';
const quickstart = 'test/e2e/quickstart.e2e.test.ts';

interface Run {
  readonly code: number;
  readonly says: RegExp;
}

/** What each line of the page does without a single server; or where it is run with some. */
const lines: Readonly<Record<string, Run | { readonly coveredBy: string }>> = {
  'flotilla login --from admin.json': { code: 0, says: /Logged in at https:\/\/127\.0\.0\.1:17440/ },
  'flotilla whoami': { code: 0, says: /api-key:bootstrap, Instance admin of project default/ },
  'flotilla artifacts sync v1.34.4': { coveredBy: quickstart },
  'flotilla artifacts list': { code: 0, says: /v1\.34\.4 +amd64 +missing/ },
  'flotilla artifacts export v1.34.4 -f bundle.tar': { code: 3, says: /flotilla artifacts sync v1\.34\.4/ },
  'flotilla artifacts import bundle.tar': { code: 3, says: /FILE_NOT_FOUND/ },
  'flotilla create cluster demo --kubernetes-version v1.34.4': { code: 0, says: /cluster\/demo created/ },
  'flotilla create pool workers': { code: 0, says: /pool\/workers created/ },
  'flotilla get clusters': { code: 0, says: /demo +Pending +v1\.34\.4/ },
  'flotilla get pools': { code: 0, says: /control-plane +demo[^]*workers +demo +Running +0\/0 +open/ },
  'flotilla token create --pool control-plane': { code: 0, says: pasteLine() },
  'flotilla token create --pool workers': { code: 0, says: pasteLine() },
  'flotilla get tokens': { code: 0, says: /^(?=[^]*demo\/control-plane +0\/1)[^]*demo\/workers +0\/1/ },
  'flotilla get nodes -w': { coveredBy: 'cli/src/watch.test.ts' },
  'flotilla wait cluster/demo --for ready --timeout 15m': { coveredBy: quickstart },
  'flotilla describe cluster demo': { code: 0, says: /No machine of the control plane has enrolled yet/ },
  'flotilla events': { code: 0, says: /ClusterCreated[^]*TokenCreated/ },
  'flotilla kubeconfig demo > demo.yaml': { code: 1, says: /CLUSTER_NOT_READY[^]*flotilla describe cluster demo/ },
  'flotilla remove node edge-7 --yes': { coveredBy: lifecycle },
  'flotilla wait machine/edge-7 --for available --timeout 10m': { coveredBy: lifecycle },
  'flotilla get machines': { code: 0, says: /^\s*$|NAME/ },
  'flotilla delete machine edge-7 --yes': { coveredBy: 'control-plane/src/session/sessions.test.ts' },
  'flotilla delete pool workers --yes': { code: 0, says: /pool\/workers is being deleted/ },
  'flotilla delete cluster demo --yes --wait': { code: 0, says: /cluster\/demo is deleted after/ },
};
/** After the cluster is gone, the list is empty. */
const lastLine = 'flotilla get clusters';

function pasteLine(): RegExp {
  return /^curl -fsSL --insecure --pinnedpubkey sha256\/\/\S+ https:\/\/127\.0\.0\.1:17440\/install\.sh \| sudo sh -s -- --token \S+\n$/;
}

interface Finished {
  readonly code: number;
  readonly said: string;
}

/** Runs a program in the home of this test; what it says goes together, as on a terminal. */
function run(argv: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    const options = { cwd: home, env: controlPlane.cliEnv, timeout: 20_000 };
    const child = execFile(process.execPath, [...argv], options, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, said: `${stdout}${stderr}` }),
    );
  });
}

const flotilla = (argv: readonly string[]): Promise<Finished> => run([join(root, 'cli/dist/flotilla.cjs'), ...argv]);
const server = (argv: readonly string[]): Promise<Finished> =>
  run([join(root, 'control-plane/dist/flotilla-server.mjs'), ...argv]);

const blocks = blocksOf(page, pageText(page));
const typed = commandsOf(blocks)
  .filter(({ place }) => place === 'operator')
  .flatMap(({ line, text }) => {
    const argv = argvOf('flotilla', text);
    return argv === undefined ? [] : [{ line, text, argv }];
  });

beforeAll(async () => {
  await controlPlane.start();
  copyFileSync(join(controlPlane.dataDir, 'admin.json'), join(home, 'admin.json'));
}, 30_000);

afterAll(async () => {
  await controlPlane.stop();
  rmSync(home, { recursive: true });
});

test('the page and this test know the same lines', () => {
  expect(new Set(typed.map(({ text }) => text))).toEqual(new Set(Object.keys(lines)));
  for (const expected of Object.values(lines))
    if ('coveredBy' in expected) expect(existsSync(join(root, expected.coveredBy)), expected.coveredBy).toBe(true);
});

test('the settings of the page are good, and all problems of bad ones come at once', async () => {
  const yaml = blocks.find(({ language }) => language === 'yaml')?.lines.join('\n') ?? '';
  const publicUrl = /^publicUrl: (\S+)$/m.exec(yaml)?.[1] ?? '';
  const good = await server(['check-config', '--public-url', publicUrl, '--data-dir', join(home, 'unused')]);
  expect(good).toEqual({ code: 0, said: expect.stringContaining(publicUrl) as string });
  const bad = await server(['check-config', '--public-url', 'http://x', '--listen', '7440']);
  expect(bad.code).toBe(2);
  expect(bad.said).toMatch(/https:\/\/host/);
  expect(bad.said).toMatch(/0\.0\.0\.0:7440/);
  expect(existsSync(join(home, 'unused'))).toBe(false);
});

test('the operator goes through the page, line by line', async () => {
  for (const { line, text, argv } of typed) {
    const expected = lines[text];
    if (expected === undefined || 'coveredBy' in expected) continue;
    const result = await flotilla(argv);
    const where = `${page}:${line} ${text}\n${result.said}`;
    expect(result.code, where).toBe(expected.code);
    const isEnd = text === lastLine && line === typed.at(-1)?.line;
    expect(result.said, where).toMatch(isEnd ? /^$/ : expected.says);
  }
}, 60_000);

test('the data directory is for its owner alone, and the log says when the server is up', () => {
  expect(statSync(controlPlane.dataDir).mode & 0o777).toBe(0o700);
  for (const name of ['flotilla.db', 'master.key', 'admin.json', 'owner.db'])
    expect(statSync(join(controlPlane.dataDir, name)).mode & 0o777, name).toBe(0o600);
  expect(readFileSync(controlPlane.logFile, 'utf8')).toContain('flotilla-server is ready');
});
