import { beforeEach, describe, expect, test } from 'vitest';
import { Cluster, NodePool } from '@flotilla/proto';
import { demo, machine, runningNode, workers } from '../testing/examples.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();
const aws = { provider: 'aws', region: 'eu-west' };

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.nodes = [runningNode('bravo', 'workers')];
  fleet.machines = [machine('bravo', aws)];
});

const requestOf = (method: string): unknown => stage.server.calls.findLast((call) => call.method === method)?.request;

describe('create', () => {
  test('a cluster with everything', async () => {
    const code = await stage.terminal.flotilla(
      'create',
      'cluster',
      'prod',
      '--kubernetes-version',
      'v1.34.4',
      '--cni',
      'none',
      '--control-plane-replicas',
      '3',
      '--availability',
      'multi-zone',
      '--endpoint',
      'k8s.example.org',
      '--pod-cidr',
      '10.1.0.0/16',
      '--service-cidr',
      '10.2.0.0/16',
      '--cluster-domain',
      'c.local',
      '--label',
      'a=b',
    );
    expect(code).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/prod created\n');
    expect(requestOf('CreateCluster')).toMatchObject({
      project: 'default',
      name: 'prod',
      labels: { a: 'b' },
      controlPlaneReplicas: 3,
      spec: {
        controlPlaneKind: 1,
        kubernetesVersion: 'v1.34.4',
        cni: 1,
        availability: 2,
        endpoint: 'k8s.example.org',
        podCidr: '10.1.0.0/16',
        serviceCidr: '10.2.0.0/16',
        clusterDomain: 'c.local',
      },
      options: { validateOnly: false, requestId: expect.stringMatching(/^[0-9a-f]{32}$/) as string },
    });
  });

  test('what comes next is said to a person', async () => {
    stage.terminal.stderr.isTTY = true;
    await stage.terminal.flotilla('create', 'cluster', 'prod');
    expect(stage.terminal.stderr.text).toBe(
      'Give it its first server: flotilla token create --cluster prod --pool control-plane\n',
    );
  });

  test('a pool of the only cluster, with everything', async () => {
    const code = await stage.terminal.flotilla(
      'create',
      'pool',
      'batch',
      '--size',
      '8',
      '--os',
      'debian',
      '--arch',
      'amd64',
      '--min-cpus',
      '4',
      '--min-memory',
      '16GiB',
      '--min-disk',
      '40GB',
      '--location',
      'aws/eu-west',
      '--match-label',
      'rack=12',
      '--node-label',
      'tier=batch',
      '--taint',
      'dedicated=batch:NoSchedule',
      '--taint',
      'x:NoExecute',
      '--max-pods',
      '50',
      '--skip-check',
      'DISK',
      '-o',
      'name',
    );
    expect(code).toBe(0);
    expect(stage.terminal.stdout.text).toBe('pool/batch\n');
    expect(requestOf('CreateNodePool')).toMatchObject({
      cluster: 'demo',
      spec: {
        size: 8,
        selector: {
          matchLabels: { rack: '12' },
          os: 'debian',
          arch: 'amd64',
          minCpus: 4,
          minMemoryBytes: 17_179_869_184n,
          minDiskBytes: 40_000_000_000n,
          location: { provider: 'aws', region: 'eu-west', zone: '' },
        },
        template: {
          labels: { tier: 'batch' },
          taints: [
            { key: 'dedicated', value: 'batch', effect: 'NoSchedule' },
            { key: 'x', value: '', effect: 'NoExecute' },
          ],
          maxPods: 50,
          skippedChecks: ['DISK'],
        },
      },
    });
  });

  test('without a cluster, or with several, it is asked for', async () => {
    stage.server.fleet.clusters = [];
    expect(await stage.terminal.flotilla('create', 'pool', 'batch')).toBe(1);
    expect(stage.terminal.stderr.text).toBe(
      'refused NO_CLUSTER: project default has no cluster yet.\nCreate one first: flotilla create cluster NAME\n',
    );
    await stage.terminal.flotilla('create', 'cluster', 'a');
    await stage.terminal.flotilla('create', 'cluster', 'b');
    expect(await stage.terminal.flotilla('create', 'pool', 'batch')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      'refused USAGE: there are several clusters: a, b.\nSay which: --cluster NAME\n',
    );
  });

  test('--dry-run', async () => {
    expect(await stage.terminal.flotilla('create', 'cluster', 'prod', '--dry-run')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/prod created (dry run)\n');
    expect(stage.server.fleet.clusters).toEqual([demo]);
  });

  test.each([
    [['--taint', 'a'], '--taint wants key=value:Effect'],
    [['--min-memory', 'much'], '--min-memory wants a size like 4GiB or 20GB (is "much")'],
    [['--location', 'a/b/c/d'], '--location wants provider/region/zone'],
    [['--label', 'a'], '--label wants key=value in the letters Kubernetes allows (is "a")'],
  ])('pool %j is refused before anybody is asked', async (options, text) => {
    expect(await stage.terminal.flotilla('create', 'pool', 'p', ...options)).toBe(2);
    expect(stage.terminal.stderr.text).toContain(text);
    expect(stage.server.calls).toEqual([]);
  });
});

describe('scale, remove, retry', () => {
  test('scale pool', async () => {
    expect(await stage.terminal.flotilla('scale', 'pool', 'workers', '--size', '5')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('pool/workers scales to 5\n');
    expect(requestOf('UpdateNodePool')).toMatchObject({ nodePool: 'workers', updateMask: ['size'], spec: { size: 5 } });
    expect(await stage.terminal.flotilla('scale', 'pool', 'workers', '--open')).toBe(0);
    expect(stage.server.fleet.pools[0]?.spec?.size).toBeUndefined();
    expect(await stage.terminal.flotilla('scale', 'pool', 'workers')).toBe(2);
  });

  test('remove node asks, and sends the id of what was shown', async () => {
    expect(await stage.terminal.flotilla('remove', 'node', 'bravo', '--shrink', '--yes')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('node/bravo is being removed\n');
    expect(requestOf('RemoveNode')).toMatchObject({ node: 'nod_bravo', shrink: true });
  });

  test('retry node', async () => {
    expect(await stage.terminal.flotilla('retry', 'node', 'bravo')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('node/bravo is tried again\n');
  });
});

describe('delete', () => {
  test('asks for the name, saying what goes and what stays', async () => {
    const { terminal, server } = stage;
    terminal.stdinIsTTY = true;
    terminal.stderr.isTTY = true;
    terminal.answer = 'demo';
    expect(await terminal.flotilla('delete', 'cluster', 'demo')).toBe(0);
    expect(terminal.stderr.text)
      .toBe(`This deletes cluster demo: 3 nodes leave and are cleaned, their pods stop, certificates and tokens are revoked.
Kept: the machines (back to Available), volumes outside /var/lib/kubelet, your files.
Type the name of the cluster to go on: Follow it: flotilla wait cluster/demo --for deleted
`);
    expect(terminal.stdout.text).toBe('cluster/demo is being deleted\n');
    expect(server.fleet.clusters).toEqual([]);
  });

  test.each(['yes', '', undefined])('the answer %j changes nothing', async (answer) => {
    const { terminal, server } = stage;
    terminal.stdinIsTTY = true;
    terminal.stderr.isTTY = true;
    terminal.answer = answer;
    expect(await terminal.flotilla('delete', 'cluster', 'demo')).toBe(1);
    expect(terminal.stderr.text).toContain('NOT_CONFIRMED');
    expect(server.fleet.clusters).toEqual([demo]);
  });

  test.each(['cluster demo', 'pool workers', 'machine bravo'])(
    '%s: never asked without a terminal, and never assumed',
    async (words) => {
      expect(await stage.terminal.flotilla('delete', ...words.split(' '))).toBe(2);
      expect(stage.terminal.stderr.text).toBe(
        `refused CONFIRMATION_NEEDED: to delete ${words} needs a yes, and there is no terminal to ask on.\nAdd --yes. To see first what would be checked: --dry-run.\n`,
      );
      expect(stage.server.calls.some(({ method }) => method.startsWith('Delete'))).toBe(false);
    },
  );

  test.each(['pool workers', 'machine bravo'])('%s --yes', async (words) => {
    expect(await stage.terminal.flotilla('delete', ...words.split(' '), '--yes')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`${words.replace(' ', '/')} is being deleted\n`);
  });

  test('what has no nodes is said to have none', async () => {
    const { terminal, server } = stage;
    terminal.stdinIsTTY = true;
    terminal.stderr.isTTY = true;
    server.fleet.clusters = [Cluster.fromPartial({ ...demo, status: { ...demo.status, nodesTotal: 0 } })];
    server.fleet.pools = [NodePool.fromPartial({ ...workers, status: { ...workers.status, nodesTotal: 0 } })];
    await terminal.flotilla('delete', 'cluster', 'demo');
    expect(terminal.stderr.text).toContain('This deletes cluster demo: certificates and tokens are revoked.\n');
    await terminal.flotilla('delete', 'pool', 'workers');
    expect(terminal.stderr.text).toContain('This deletes pool workers of cluster demo: it has no nodes.\n');
  });

  test('--wait ends when it is gone', async () => {
    expect(await stage.terminal.flotilla('delete', 'cluster', 'demo', '--yes', '--wait')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/demo is being deleted\ncluster/demo is deleted after 0s\n');
  });

  test('--dry-run deletes nothing and does not ask', async () => {
    expect(await stage.terminal.flotilla('delete', 'cluster', 'demo', '--dry-run')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/demo is being deleted (dry run)\n');
    expect(stage.server.fleet.clusters).toEqual([demo]);
  });
});
