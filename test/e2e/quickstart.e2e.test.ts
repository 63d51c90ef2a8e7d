import { expect, test } from 'vitest';
import { runOk } from '../quickstart/process.js';
import { attach, kubectl, quickstartOutput, root } from './support.js';

test('quickstart ends with three Ready nodes and HTTP 200 from both workers', () => {
  const { stdout } = quickstartOutput();
  for (const line of [
    /^alpha +Ready +control-plane .* v1\.34\.4$/m,
    /^bravo +Ready +<none> .* v1\.34\.4$/m,
    /^charlie +Ready +<none> .* v1\.34\.4$/m,
  ]) {
    expect(stdout).toMatch(line);
  }
  expect(stdout).toMatch(/^GET http:\/\/[0-9.]+:30080\/ {2}200 {2}"Hello from bravo"$/m);
  expect(stdout).toMatch(/^GET http:\/\/[0-9.]+:30080\/ {2}200 {2}"Hello from charlie"$/m);
});

test('kubectl with our kubeconfig sees the nodes, labelled by pool and machine', async () => {
  const nodes = await kubectl('get', 'nodes', '-o', 'json');
  const items = (
    JSON.parse(nodes) as {
      items: { metadata: { name: string; labels: Record<string, string> }; spec: { providerID?: string } }[];
    }
  ).items;
  expect(items.map((n) => [n.metadata.name, n.metadata.labels['flotilla.dev/node-pool']])).toEqual([
    ['alpha', 'control-plane'],
    ['bravo', 'workers'],
    ['charlie', 'workers'],
  ]);
  for (const node of items) {
    const machine = node.metadata.labels['flotilla.dev/machine-id'];
    expect(machine).toMatch(/^mch_/);
    expect(node.spec.providerID).toBe(`flotilla://${machine ?? ''}`);
  }
});

test('every pod of the system and the app runs, and no bootstrap token is left behind', async () => {
  expect((await kubectl('get', 'pods', '-A', '--field-selector', 'status.phase!=Running', '-o', 'name')).trim()).toBe(
    '',
  );
  const secrets = await kubectl('get', 'secrets', '-n', 'kube-system', '-o', 'name');
  expect(secrets.split('\n').filter((name) => name.includes('bootstrap-token-'))).toEqual([]);
});

test('logs and exec work: the kubelet serving certificates were approved', async () => {
  const pods = (await kubectl('get', 'pods', '-l', 'app=hello', '-o', 'name')).trim().split('\n');
  expect(pods).toHaveLength(2);
  for (const pod of pods) expect(await kubectl('exec', pod, '--', '/usr/bin/node', '-p', '6*7')).toBe('42\n');
});

test('npx flotilla, as the last lines of the quickstart suggest it', async () => {
  const nodes = await runOk(['npx', '--no-install', 'flotilla', 'get', 'nodes'], {
    env: attach().controlPlane.cliEnv,
    cwd: root,
  });
  for (const name of ['alpha', 'bravo', 'charlie']) expect(nodes).toContain(name);
});

test('each of the three tokens was spent once, and none twice', async () => {
  const { controlPlane } = attach();
  const tokens = JSON.parse(await controlPlane.flotilla(['get', 'tokens', '-o', 'json'])) as {
    items: { state: string; uses?: number }[];
  };
  expect(tokens.items.filter((t) => t.state === 'ENROLLMENT_TOKEN_STATE_SPENT').length).toBeGreaterThanOrEqual(3);
  expect(tokens.items.filter((t) => (t.uses ?? 0) > 1)).toEqual([]);
});

test('a second quickstart changes nothing and says the same', async () => {
  const before = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}');
  const stdout = await runOk([process.execPath, `${root}/scripts/quickstart.mjs`], { timeoutMs: 300_000 });
  expect(stdout).toMatch(/^GET http:\/\/[0-9.]+:30080\/ {2}200 {2}"Hello from charlie"$/m);
  expect(await kubectl('get', 'nodes', '-o', 'jsonpath={.items[*].metadata.uid}')).toBe(before);
});
