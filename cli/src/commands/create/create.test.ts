import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Cluster } from '@flotilla/proto';
import { demo } from '../../testing/examples.js';
import { useStage } from '../../testing/setup.js';

const stage = useStage();
const requestOf = (method: string): unknown => stage.server.calls.findLast((call) => call.method === method)?.request;

beforeEach(() => {
  stage.server.fleet.clusters = [demo];
});

describe('a network plugin', () => {
  test('with its settings', async () => {
    const code = await stage.terminal.flotilla(
      'create',
      'cluster',
      'a',
      '--cni',
      'calico',
      '--mtu',
      '1400',
      '--encapsulation',
      'ipip',
    );
    expect(code).toBe(0);
    expect(requestOf('CreateCluster')).toMatchObject({
      spec: { cni: 3, cniSettings: { mtu: 1400, encapsulation: 'ipip' } },
    });
    await stage.terminal.flotilla('create', 'cluster', 'b');
    expect(requestOf('CreateCluster')).toMatchObject({ spec: { cniSettings: undefined } });
  });
});

describe('an external cluster', () => {
  const kubeconfig = 'kind: Config\nusers: [{user: {token: CANARY}}]\n';

  test('the kubeconfig comes from a file or standard input, and is never shown', async () => {
    await writeFile(join(stage.terminal.home, 'old.kubeconfig'), kubeconfig);
    const file = await stage.terminal.flotilla(
      'create',
      'cluster',
      'old',
      '--external',
      '--kubeconfig',
      'old.kubeconfig',
    );
    expect(file).toBe(0);
    expect(stage.terminal.stdout.text).toBe('cluster/old imported\n');
    expect(requestOf('CreateCluster')).toMatchObject({ kubeconfig, spec: { controlPlaneKind: 2 } });
    stage.terminal.input = kubeconfig;
    const stdin = await stage.terminal.flotilla(
      'create',
      'cluster',
      'new',
      '--external',
      '--kubeconfig',
      '-',
      '-o',
      'yaml',
    );
    expect(stdin).toBe(0);
    expect(requestOf('CreateCluster')).toMatchObject({ name: 'new', kubeconfig });
    expect(stage.terminal.stdout.text + stage.terminal.stderr.text).not.toContain('CANARY');
  });

  test('what its rights lack is listed, also on a pipe', async () => {
    const { server, terminal } = stage;
    terminal.input = kubeconfig;
    const real = server.fleet.createCluster.bind(server.fleet);
    server.fleet.createCluster = (request) => {
      const { cluster, revision } = real(request);
      return {
        cluster: Cluster.fromPartial({
          ...cluster,
          status: { ...cluster.status, missingRights: ['create secrets in kube-system', 'patch nodes'] },
        }),
        revision,
      };
    };
    expect(await terminal.flotilla('create', 'cluster', 'old', '--external', '--kubeconfig', '-')).toBe(0);
    expect(terminal.stderr.text).toBe(`The kubeconfig may not do everything that is needed. Missing:
  create secrets in kube-system
  patch nodes
Grant them to its user in that cluster; Flotilla looks again by itself. See: flotilla describe cluster old
`);
  });

  test.each([
    [['--external'], 'which cluster? --external goes with --kubeconfig FILE'],
    [['--kubeconfig', 'x'], '--kubeconfig goes with --external'],
    [
      ['--external', '--kubeconfig', '-', '--control-plane-replicas', '3', '--cni', 'calico'],
      '--control-plane-replicas, --cni: an external cluster has its own',
    ],
  ])('%j is refused before anybody is asked', async (words, text) => {
    expect(await stage.terminal.flotilla('create', 'cluster', 'old', ...words)).toBe(2);
    expect(stage.terminal.stderr.text).toContain(text);
    expect(stage.server.calls).toEqual([]);
  });

  test('a file that is not there: 3', async () => {
    expect(await stage.terminal.flotilla('create', 'cluster', 'old', '--external', '--kubeconfig', 'none')).toBe(3);
  });
});

describe('a pool', () => {
  test('every policy and kubelet setting', async () => {
    const words =
      '--health observe --max-unhealthy 30% --startup-timeout 15m --no-reboot --no-replace --strategy in-place-else-replace --max-unavailable 25% --max-surge 2 --drain-timeout 20m --system-reserved memory=200Mi --system-reserved cpu=100m --kube-reserved memory=300Mi --eviction-hard memory.available=5% --eviction-hard nodefs.available<1Gi';
    expect(await stage.terminal.flotilla('create', 'pool', 'batch', ...words.split(' '))).toBe(0);
    expect(requestOf('CreateNodePool')).toMatchObject({
      spec: {
        health: {
          mode: 2,
          maxUnhealthy: '30%',
          nodeStartupTimeout: { seconds: 900n },
          rebootAllowed: false,
          replaceAllowed: false,
        },
        update: { strategy: 3, maxUnavailable: '25%', maxSurge: '2' },
        drainTimeout: { seconds: 1200n },
        template: {
          systemReserved: { memory: '200Mi', cpu: '100m' },
          kubeReserved: { memory: '300Mi' },
          evictionHard: { 'memory.available': '5%', 'nodefs.available': '1Gi' },
        },
      },
    });
  });

  test('nothing said: the policies are left to the server', async () => {
    await stage.terminal.flotilla('create', 'pool', 'batch');
    expect(requestOf('CreateNodePool')).toMatchObject({
      spec: { health: undefined, update: undefined, drainTimeout: undefined },
    });
  });

  test.each([
    [['--max-surge', 'many'], '--max-surge wants a count or a share, like 2 or 20% (is "many")'],
    [['--eviction-hard', 'memory'], '--eviction-hard wants signal=threshold'],
    [['--strategy', 'fast'], 'Allowed choices are in-place'],
  ])('%j is refused', async (words, text) => {
    expect(await stage.terminal.flotilla('create', 'pool', 'batch', ...words)).toBe(2);
    expect(stage.terminal.stderr.text).toContain(text);
    expect(stage.server.calls).toEqual([]);
  });
});
