import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { Member, Role } from '@flotilla/proto';
import { demo, machine, workers } from '../testing/examples.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();

beforeEach(() => {
  const { fleet } = stage.server;
  fleet.clusters = [demo];
  fleet.pools = [workers];
  fleet.machines = [machine('edge-7', { provider: 'home', region: 'attic' })];
});

async function put(name: string, text: string): Promise<void> {
  await writeFile(join(stage.terminal.home, name), text);
}

const everything = `kind: Project
meta: {name: shop}
displayName: Web shop
---
kind: Member
subject: user:ann@example.org
role: ADMIN
---
kind: Machine
meta: {name: edge-7, labels: {rack: "12"}}
spec: {location: {provider: home, region: cellar}, remediationDisabled: true}
---
kind: NodePool
meta: {name: workers, labels: {team: shop}}
cluster: demo
spec:
  health: {mode: OBSERVE, maxUnhealthy: "30%", nodeStartupTimeout: 15m, rebootAllowed: false}
  update: {strategy: REPLACE, maxSurge: "1"}
  drainTimeout: 30m
  template:
    labels: {tier: web}
    systemReserved: {memory: 200Mi}
---
kind: Cluster
meta: {name: demo}
spec: {availability: REGIONAL, cniSettings: {mtu: 1400}}
`;

describe('apply', () => {
  test('every kind, parents first; applied again nothing changes', async () => {
    await put('all.yaml', everything);
    expect(await stage.terminal.flotilla('apply', '-f', 'all.yaml')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(
      'project/shop created\ncluster/demo changed\npool/workers changed\nmachine/edge-7 changed\nmember/user:ann@example.org created\n',
    );
    const requestOf = (name: string): unknown => stage.server.calls.findLast(({ method }) => method === name)?.request;
    expect(requestOf('UpdateNodePool')).toMatchObject({
      labels: { team: 'shop' },
      updateMask: ['labels', 'health', 'update', 'drainTimeout', 'template.systemReserved'],
      spec: {
        size: 3,
        health: { mode: 2, maxUnhealthy: '30%', nodeStartupTimeout: { seconds: 900n }, rebootAllowed: false },
        update: { strategy: 2, maxSurge: '1' },
        drainTimeout: { seconds: 1800n },
      },
    });
    expect(requestOf('UpdateCluster')).toMatchObject({ updateMask: ['spec.availability', 'spec.cniSettings'] });
    expect(requestOf('UpdateMachine')).toMatchObject({
      labels: { rack: '12' },
      remediationDisabled: true,
      updateMask: ['labels', 'location', 'remediation_disabled'],
    });
    expect(await stage.terminal.flotilla('apply', '-f', 'all.yaml')).toBe(0);
    expect(stage.terminal.stdout.text.match(/unchanged/g)).toHaveLength(5);
  });

  test('a folder: its manifests in order, and nothing else', async () => {
    await mkdir(join(stage.terminal.home, 'fleet'));
    await put('fleet/2-pool.yml', 'kind: NodePool\nmeta: {name: batch}\ncluster: demo\nspec: {size: 1}\n');
    await put('fleet/1.json', '{"kind": "Project", "meta": {"name": "shop"}}');
    await put('fleet/notes.txt', 'not: [a manifest');
    expect(await stage.terminal.flotilla('apply', '-f', 'fleet')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('project/shop created\npool/batch created\n');
  });

  test.each(['clusters', 'pools', 'machines', 'projects', 'members'])(
    'what get %s -o yaml prints can be applied',
    async (plural) => {
      stage.server.fleet.members = [Member.create({ subject: 'user:bob@example.org', role: Role.READER })];
      await put('all.yaml', everything);
      await stage.terminal.flotilla('apply', '-f', 'all.yaml');
      await stage.terminal.flotilla('get', plural, '-o', 'yaml');
      stage.terminal.input = stage.terminal.stdout.text;
      expect(await stage.terminal.flotilla('apply', '-f', '-')).toBe(0);
      expect(stage.terminal.stdout.text).not.toMatch(/changed$(?<!unchanged)|created/m);
    },
  );

  test.each([
    [
      'kind: EnrollmentToken\nmeta: {name: a}\n',
      'kind EnrollmentToken is not made by a file: its secret is shown once, to you. Use: flotilla token create.',
    ],
    [
      'kind: ApiKey\nmeta: {name: a}\n',
      'kind ApiKey is not made by a file: its secret is shown once, to you. Use: flotilla api-key create.',
    ],
    [
      'kind: Machine\nmeta: {name: edge-9}\n',
      'NOT_ENROLLED: there is no machine edge-9: machines come by enrolling, not by a file. For the line to paste on it: flotilla token create',
    ],
    [
      'kind: Machine\nmeta: {name: edge-7}\nspec: {quarantined: true}\n',
      'CHANGED_BY_VERB: spec.quarantined is not changed by a file. Use: flotilla quarantine machine edge-7 --reason WHY, or flotilla release machine edge-7',
    ],
    [
      'kind: Cluster\nmeta: {name: demo}\ncontrolPlaneReplicas: 3\n',
      'CONTROL_PLANE_IS_A_POOL: controlPlaneReplicas counts at creation; later it is the size of the pool control-plane. Run: flotilla scale pool control-plane --cluster demo --size 3',
    ],
    [
      'kind: Cluster\nmeta: {name: old}\nspec: {controlPlaneKind: EXTERNAL}\n',
      'KUBECONFIG_NEEDED: an external cluster is imported with its kubeconfig, not by a file. Run: flotilla create cluster old --external --kubeconfig FILE',
    ],
    ['kind: Member\nrole: ADMIN\n', 'subject is missing: "api-key:<id>" or "user:<email>".'],
    [
      'kind: NodePool\nmeta: {name: a}\ncluster: demo\nspec: {drainTimeout: 30}\n',
      'spec.drainTimeout must be a duration like 90s, 5m or 1h30m (is 30).',
    ],
    [
      'kind: NodePool\nmeta: {name: a}\ncluster: demo\nspec: {health: {rebootAllowed: "no", mod: OFF}}\n',
      'spec.health.rebootAllowed must be true or false (is "no").\npool.yaml:4: spec.health.mod is not a field of NodePool. Did you mean mode?',
    ],
    [
      'kind: NodePool\nmeta: {name: a}\ncluster: demo\nspec: {update: {maxSurge: many}}\n',
      'spec.update.maxSurge must be a count or a share in quotes, like "2" or "20%" (is "many").',
    ],
  ])('%j is refused with its reason', async (text, problem) => {
    await put('pool.yaml', text);
    expect(await stage.terminal.flotilla('apply', '-f', 'pool.yaml')).toBe(2);
    expect(stage.terminal.stderr.text.replace(/^pool\.yaml:\d+: /, '')).toBe(`${problem}\nNothing was applied.\n`);
  });
});

describe('diff', () => {
  test('unified, 1 when different; nothing is written', async () => {
    await put(
      'pool.yaml',
      'kind: NodePool\nmeta: {name: workers}\ncluster: demo\nspec: {size: 5}\n---\nkind: Project\nmeta: {name: shop}\n',
    );
    expect(await stage.terminal.flotilla('diff', '-f', 'pool.yaml')).toBe(1);
    expect(stage.terminal.stdout.text).toBe(`--- /dev/null
+++ project/shop
@@ -0,0 +1,3 @@
+kind: Project
+meta:
+  name: shop
--- pool/workers (server)
+++ pool/workers (file)
@@ -4,7 +4,7 @@
 cluster: demo
 spec:
   role: WORKER
-  size: 3
+  size: 5
   template:
     kubernetesVersion: v1.34.4
     labels:
`);
    expect(stage.server.fleet.pools).toEqual([workers]);
    expect(stage.server.fleet.projects).toHaveLength(1);
  });

  test('0 and silence when there is no difference', async () => {
    await put('pool.yaml', 'kind: NodePool\nmeta: {name: workers}\ncluster: demo\nspec: {size: 3}\n');
    expect(await stage.terminal.flotilla('diff', '-f', 'pool.yaml')).toBe(0);
    expect(stage.terminal.stdout.text + stage.terminal.stderr.text).toBe('');
  });

  test('what apply would refuse is refused: 2', async () => {
    await put('pool.yaml', 'kind: NodePool\nmeta: {name: workers}\ncluster: demo\nspec: {siz: 3}\n');
    expect(await stage.terminal.flotilla('diff', '-f', 'pool.yaml')).toBe(2);
    expect(stage.terminal.stderr.text).toContain('Did you mean size?\nNothing was compared.\n');
  });
});

describe('delete -f', () => {
  const files =
    'kind: Cluster\nmeta: {name: demo}\n---\nkind: NodePool\nmeta: {name: workers}\ncluster: demo\n---\nkind: Project\nmeta: {name: nothing}\n';

  test('children first; what is not there is said; the cluster is typed', async () => {
    await put('all.yaml', files);
    const { terminal, server } = stage;
    expect(await terminal.flotilla('delete', '-f', 'all.yaml')).toBe(2);
    expect(terminal.stderr.text).toContain('CONFIRMATION_NEEDED: to delete pool/workers, cluster/demo needs a yes');
    terminal.stdinIsTTY = true;
    terminal.stderr.isTTY = true;
    terminal.answer = 'no';
    expect(await terminal.flotilla('delete', '-f', 'all.yaml')).toBe(1);
    expect(server.fleet.clusters).toEqual([demo]);
    terminal.answer = 'demo';
    expect(await terminal.flotilla('delete', '-f', 'all.yaml')).toBe(0);
    expect(terminal.stderr.text).toContain('Type the name of cluster/demo to go on: ');
    expect(terminal.stdout.text).toBe(
      'project/nothing is not there\npool/workers is being deleted\ncluster/demo is being deleted\n',
    );
    expect(server.fleet.clusters).toEqual([]);
  });

  test('--dry-run deletes nothing', async () => {
    await put('all.yaml', files);
    expect(await stage.terminal.flotilla('delete', 'manifests', '-f', 'all.yaml', '--dry-run')).toBe(0);
    expect(stage.terminal.stdout.text).toContain('cluster/demo is being deleted (dry run)\n');
    expect(stage.server.fleet.clusters).toEqual([demo]);
  });

  test('delete alone says what goes with it', async () => {
    expect(await stage.terminal.flotilla('delete')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      'refused USAGE: delete what?\nSay which: flotilla delete cluster|pool|machine|project NAME, or flotilla delete -f FILE\n',
    );
    expect(await stage.terminal.flotilla('delete', 'clustr', 'demo')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      "Unknown command 'clustr'. Did you mean cluster?\nSee: flotilla delete --help\n",
    );
  });
});
