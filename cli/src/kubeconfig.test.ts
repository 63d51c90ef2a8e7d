import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { demo } from './testing/examples.js';
import { useStage } from './testing/setup.js';

const stage = useStage();

const issued = `apiVersion: v1
kind: Config
clusters:
  - name: demo
    cluster:
      server: https://10.77.0.11:6443
      certificate-authority-data: Q0E=
users:
  - name: demo/ci@flotilla
    user:
      client-certificate-data: Q0VSVA==
      client-key-data: S0VZ
contexts:
  - name: demo
    context:
      cluster: demo
      user: demo/ci@flotilla
current-context: demo
`;

const theirs = `# mine, do not touch
apiVersion: v1
kind: Config
preferences: {colors: true}
clusters:
- cluster: {server: https://elsewhere:6443}
  name: work # the old one
users: null
contexts:
- context: {cluster: work, user: me}
  name: work
current-context: work
`;

let path: string;
beforeEach(async () => {
  stage.server.fleet.clusters = [demo];
  stage.server.fleet.kubeconfig = issued;
  await mkdir(join(stage.terminal.home, '.kube'));
  path = join(stage.terminal.home, '.kube', 'config');
});

test('is printed, with names that clash with nobody', async () => {
  expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--ttl', '2h')).toBe(0);
  expect(stage.terminal.stdout.text).toBe(
    issued.replaceAll('demo/ci@flotilla', 'demo').replaceAll(/: demo$/gm, ': flotilla-demo'),
  );
  expect(stage.server.calls.at(-1)?.request).toMatchObject({ cluster: 'demo', ttl: { seconds: 7200n } });
  expect(await readdir(join(stage.terminal.home, '.kube'))).toEqual([]);
});

test('the only cluster needs no name', async () => {
  expect(await stage.terminal.flotilla('kubeconfig', '--name', 'x')).toBe(0);
  expect(stage.terminal.stdout.text).toContain('current-context: x\n');
});

describe('--merge', () => {
  test('into nothing: 0600, and no current context that nobody asked for', async () => {
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`Context flotilla-demo is in ${path}.\n`);
    const text = await readFile(path, 'utf8');
    expect(text).not.toContain('current-context');
    expect(text).toContain('- name: flotilla-demo\n');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('into a file that is used: comments, order, unknown keys and the current context stay; a backup is beside it', async () => {
    await writeFile(path, theirs);
    await chmod(path, 0o644);
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`Context flotilla-demo is in ${path} (before: ${path}.flotilla-backup).\n`);
    expect(await readFile(path, 'utf8')).toBe(`# mine, do not touch
apiVersion: v1
kind: Config
preferences: { colors: true }
clusters:
  - cluster: { server: https://elsewhere:6443 }
    name: work # the old one
  - name: flotilla-demo
    cluster:
      server: https://10.77.0.11:6443
      certificate-authority-data: Q0E=
users:
  - name: flotilla-demo
    user:
      client-certificate-data: Q0VSVA==
      client-key-data: S0VZ
contexts:
  - context: { cluster: work, user: me }
    name: work
  - name: flotilla-demo
    context:
      cluster: flotilla-demo
      user: flotilla-demo
current-context: work
`);
    expect(await readFile(`${path}.flotilla-backup`, 'utf8')).toBe(theirs);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await readdir(join(stage.terminal.home, '.kube'))).sort()).toEqual(['config', 'config.flotilla-backup']);
  });

  test('again: the entries are replaced, not added', async () => {
    await stage.terminal.flotilla('kubeconfig', 'demo', '--merge');
    stage.server.fleet.kubeconfig = issued.replace('S0VZ', 'TkVX');
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge', '--set-current')).toBe(0);
    const text = await readFile(path, 'utf8');
    expect(text.match(/client-key-data: .*/g)).toEqual(['client-key-data: TkVX']);
    expect(text).toContain('current-context: flotilla-demo\n');
  });

  test('an entry of that name for another server is not taken', async () => {
    await stage.terminal.flotilla('kubeconfig', 'demo', '--merge');
    stage.server.fleet.kubeconfig = issued.replace('10.77.0.11', '10.99.0.1');
    const before = await readFile(path, 'utf8');
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge')).toBe(1);
    expect(stage.terminal.stderr.text).toBe(
      `refused CONTEXT_EXISTS: ${path} has a cluster "flotilla-demo" already, at https://10.77.0.11:6443, not at https://10.99.0.1:6443.\nChoose another name: --name NAME. To replace that entry: --force\n`,
    );
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge', '--force')).toBe(0);
  });

  test('$KUBECONFIG, and a link stays a link', async () => {
    const real = join(stage.terminal.home, 'real');
    await writeFile(real, theirs, { mode: 0o600 });
    await symlink(real, join(stage.terminal.home, 'link'));
    stage.terminal.vars['KUBECONFIG'] = `${join(stage.terminal.home, 'link')}:/other`;
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge')).toBe(0);
    expect(await readFile(real, 'utf8')).toContain('flotilla-demo');
    expect(await readdir(stage.terminal.home)).toContain('link');
  });

  test.each(['[', 'a text', 'clusters: 3\n'])('a file that is no kubeconfig (%j) is left alone', async (text) => {
    await writeFile(path, text);
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--merge')).toBe(1);
    expect(stage.terminal.stderr.text).toContain('KUBECONFIG_INVALID');
    expect(await readFile(path, 'utf8')).toBe(text);
    expect(await readdir(join(stage.terminal.home, '.kube'))).toEqual(['config']);
  });

  test("kubectl's lock is respected", async () => {
    await writeFile(`${path}.lock`, '');
    const merging = stage.terminal.flotilla('kubeconfig', 'demo', '--merge');
    await expect.poll(() => stage.server.calls.at(-1)?.method).toBe('IssueKubeconfig');
    expect(await readdir(join(stage.terminal.home, '.kube'))).toEqual(['config.lock']);
    const { rm } = await import('node:fs/promises');
    await rm(`${path}.lock`);
    expect(await merging).toBe(0);
  });

  test('options that go with it are refused without it', async () => {
    expect(await stage.terminal.flotilla('kubeconfig', 'demo', '--set-current')).toBe(2);
  });
});
