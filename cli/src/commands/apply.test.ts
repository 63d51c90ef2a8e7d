import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { FakeFailure } from '../testing/fake-failure.js';
import { demo, workers } from '../testing/examples.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  stage.server.fleet.clusters = [demo];
  stage.server.fleet.pools = [workers];
});

async function apply(text: string, ...options: string[]): Promise<number> {
  await writeFile(join(stage.terminal.home, 'pool.yaml'), text);
  return stage.terminal.flotilla('apply', '-f', 'pool.yaml', ...options);
}

function writes(): string[] {
  return stage.server.calls
    .filter(
      ({ request }) =>
        typeof request === 'object' &&
        request !== null &&
        'options' in request &&
        JSON.stringify(request, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value)).includes(
          '"validateOnly":false',
        ),
    )
    .map(({ method }) => method);
}

const batch = `kind: NodePool
meta:
  name: batch
cluster: demo
spec:
  size: 2
  selector:
    minMemoryBytes: 16GiB
  template:
    taints:
      - {key: dedicated, value: batch, effect: NoSchedule}
`;

describe('what is wrong is refused before anything is applied', () => {
  test('unknown fields and wrong values, all at once, with file and line', async () => {
    const code = await apply(`${batch}---
kind: NodePool
meta:
  name: Bad_Name
cluster: demo
spec:
  kuberntesVersion: v1.34.4
  siz: 4
  size: "three"
  role: WORKR
  template:
    maxPods: [1]
    skippedChecks: swap
`);
    expect(code).toBe(2);
    expect(stage.terminal.stderr.text)
      .toBe(`pool.yaml:15: meta.name must be 1 to 63 of a-z, 0-9 and "-", starting and ending with a letter or digit (is "Bad_Name").
pool.yaml:18: spec.kuberntesVersion is not a field of NodePool. Did you mean spec.template.kubernetesVersion?
pool.yaml:19: spec.siz is not a field of NodePool. Did you mean size?
pool.yaml:20: spec.size must be a whole number from 0 to 1000 (is "three").
pool.yaml:21: spec.role must be one of WORKER, CONTROL_PLANE (is "WORKR"). Did you mean WORKER?
pool.yaml:23: spec.template.maxPods must be a whole number from 0 to 1000 (is a mapping or list).
pool.yaml:24: spec.template.skippedChecks must be a list.
Nothing was applied.
`);
    expect(stage.server.calls).toEqual([]);
  });

  test.each([
    ['kind: Cluser\nmeta: {name: a}\n', 'pool.yaml:1: kind Cluser is not known. Did you mean Cluster?'],
    [
      'meta: {name: a}\n',
      'pool.yaml:1: kind is missing; it must be one of Project, Cluster, NodePool, Machine, Member.',
    ],
    ['- a\n', 'pool.yaml:1: the document must be a mapping with kind, meta and spec.'],
    [
      'kind: NodePool\nmeta: {name: a}\n',
      'pool.yaml:1: cluster is missing: the name of the cluster that the pool belongs to.',
    ],
    [
      'kind: Cluster\nmetadata: {name: a}\n',
      'pool.yaml:2: metadata is not a field of Cluster. Did you mean meta?\npool.yaml:1: meta.name is missing.',
    ],
    [
      'apiVersion: v1\nkind: Cluster\nmeta: {name: a}\n',
      'pool.yaml:1: apiVersion is not a field of Cluster. Leave it out.',
    ],
    ['kind: Cluster\nmeta: {name: a}\nspec:\n  cni: FLANNEL\n  cni: NONE\n', 'pool.yaml:5: Map keys must be unique.'],
    [`${batch}---\n${batch}`, 'pool.yaml:13: NodePool batch was given before, at pool.yaml:1.'],
  ])('%j', async (text, problem) => {
    expect(await apply(text)).toBe(2);
    expect(stage.terminal.stderr.text).toBe(`${problem}\nNothing was applied.\n`);
  });

  test('what the server refuses stands at its document, and nothing is written', async () => {
    stage.server.failures.set(
      'CreateNodePool',
      new FakeFailure(9, 'SKEW', 'batch would be newer than the control plane', 'Upgrade the cluster first.'),
    );
    expect(await apply(`kind: Cluster\nmeta: {name: other}\n---\n${batch}`)).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      'pool.yaml:4: SKEW: batch would be newer than the control plane. Upgrade the cluster first.\nNothing was applied.\n',
    );
    expect(writes()).toEqual([]);
  });

  test('a pool of a cluster that is in the file and exists already is checked by the server all the same', async () => {
    stage.server.failures.set(
      'CreateNodePool',
      new FakeFailure(9, 'SKEW', 'batch would be newer than the control plane'),
    );
    expect(await apply(`kind: Cluster\nmeta: {name: demo}\n---\n${batch}`, '--dry-run')).toBe(2);
    expect(stage.terminal.stderr.text).toContain('pool.yaml:4: SKEW');
  });

  test('what is fixed at creation is not changed', async () => {
    expect(await apply('kind: Cluster\nmeta: {name: demo}\nspec: {cni: CALICO, podCidr: 10.244.0.0/16}\n')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      'pool.yaml:1: spec.cni cannot change after the cluster was created.\nNothing was applied.\n',
    );
  });

  test('no file', async () => {
    expect(await stage.terminal.flotilla('apply', '-f', 'none.yaml')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      `refused FILE_NOT_FOUND: there is no file ${stage.terminal.home}/none.yaml.\n`,
    );
  });
});

describe('applying', () => {
  test('creates, changes only what differs, leaves the rest', async () => {
    expect(
      await apply(
        `${batch}---\nkind: NodePool\nmeta: {name: workers}\ncluster: demo\nspec: {size: 5, template: {labels: {tier: web}}}\n---\nkind: Cluster\nmeta: {name: demo}\nspec: {cni: FLANNEL}\n`,
      ),
    ).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/demo unchanged\npool/batch created\npool/workers changed\n');
    expect(writes()).toEqual(['CreateNodePool', 'UpdateNodePool']);
    const update = stage.server.calls.findLast(({ method }) => method === 'UpdateNodePool');
    expect(update?.request).toMatchObject({
      nodePool: 'pol_w1',
      etag: 'v7',
      updateMask: ['size'],
      spec: { size: 5, template: { labels: { tier: 'web' } } },
    });
    const create = stage.server.calls.findLast(({ method }) => method === 'CreateNodePool');
    expect(create?.request).toMatchObject({
      cluster: 'demo',
      spec: {
        role: 1,
        size: 2,
        selector: { minMemoryBytes: 17_179_869_184n },
        template: { taints: [{ key: 'dedicated', value: 'batch', effect: 'NoSchedule' }] },
      },
    });
  });

  test('a cluster and its pool in one call, in whatever order', async () => {
    expect(
      await apply(`${batch.replace('cluster: demo', 'cluster: new')}---\nkind: Cluster\nmeta: {name: new}\n`),
    ).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/new created\npool/batch created\n');
  });

  test('what get -o yaml prints can be applied', async () => {
    await stage.terminal.flotilla('get', 'pool', 'workers', '-o', 'yaml');
    stage.terminal.input = stage.terminal.stdout.text;
    expect(await stage.terminal.flotilla('apply', '-f', '-')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('pool/workers unchanged\n');
  });

  test('size: null makes a pool open', async () => {
    expect(await apply('kind: NodePool\nmeta: {name: workers}\ncluster: demo\nspec: {size: null}\n')).toBe(0);
    expect(stage.server.fleet.pools[0]?.spec?.size).toBeUndefined();
  });

  test('--dry-run checks at the server and writes nothing', async () => {
    expect(await apply(batch, '--dry-run')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('pool/batch created (dry run)\n');
    expect(writes()).toEqual([]);
    expect(stage.server.fleet.pools).toEqual([workers]);
  });

  test('when the second write fails, the first is named', async () => {
    const { server, terminal } = stage;
    const real = server.fleet.createNodePool.bind(server.fleet);
    server.fleet.createNodePool = (request) => {
      if (request.options?.validateOnly !== true && request.name === 'second')
        throw new FakeFailure(14, 'STORE_BUSY', 'the store is busy');
      return real(request);
    };
    expect(await apply(`${batch}---\n${batch.replace('name: batch', 'name: second')}`)).toBe(1);
    expect(terminal.stdout.text).toBe('pool/batch created\n');
    expect(terminal.stderr.text).toBe(
      'Applied before that: pool/batch. Not applied: pool/second.\nfailed STORE_BUSY: the store is busy.\n',
    );
  });
});
