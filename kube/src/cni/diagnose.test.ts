import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeApiServer } from '../fake/index.js';
import type { JsonObject } from '../objects.js';
import { diagnoseCni } from './diagnose.js';

let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeEach(async () => {
  fake = await FakeApiServer.start();
  client = createKubeClient(fake.endpoint(), { clock: new SimClock(), random: seededRandom(1) });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

const putNode = (name: string, conditions: readonly JsonObject[] = []): void =>
  fake.put({ apiVersion: 'v1', kind: 'Node', metadata: { name }, status: { conditions } });

const putFlannel = (): void =>
  fake.put({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { namespace: 'kube-flannel', name: 'kube-flannel-ds' },
  });

function putPod(
  name: string,
  nodeName: string,
  status: JsonObject,
  labels: Record<string, string> = { app: 'flannel' },
  namespace = 'kube-flannel',
): void {
  fake.put({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, labels }, spec: { nodeName }, status });
}

const running = { phase: 'Running', containerStatuses: [{ name: 'flanneld', ready: true, state: { running: {} } }] };
const waiting = (reason: string, message = '', more: JsonObject = {}): JsonObject => ({
  phase: 'Pending',
  containerStatuses: [{ name: 'flanneld', image: 'r/flannel:1', state: { waiting: { reason, message } }, ...more }],
});

describe('the pod network', () => {
  test('that runs on every node is ready', async () => {
    putNode('a');
    putFlannel();
    putPod('f-a', 'a', running);
    expect(await diagnoseCni(client, 'FLANNEL')).toEqual({
      ready: true,
      summary: 'The pod network runs on every node.',
      problems: [],
    });
  });

  test('that was never applied, and that of no node, are told apart', async () => {
    expect((await diagnoseCni(client, 'NONE')).summary).toBe('No node has joined yet.');
    expect((await diagnoseCni(client, 'CALICO')).problems).toMatchObject([{ kind: 'not-installed' }]);
    expect((await diagnoseCni(client, 'CALICO')).summary).toContain('kube-system/calico-node');
  });

  test('names pod, node and cause, worst first, and counts the rest', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) putNode(name);
    putFlannel();
    putPod('f-a', 'a', waiting('ImagePullBackOff', 'Back-off pulling image "r/flannel:1": not found'));
    const lastState = { terminated: { exitCode: 1, reason: 'Error', message: 'no route\nto the API server' } };
    putPod('f-b', 'b', waiting('CrashLoopBackOff', 'back-off 5m0s', { restartCount: 7, lastState }));
    putPod('f-c', 'c', { ...running, containerStatuses: [{ name: 'cni-conf', ready: false, state: { running: {} } }] });
    putPod('f-d', 'd', waiting('ContainerCreating'));
    const { ready, summary, problems } = await diagnoseCni(client, 'FLANNEL');
    expect(ready).toBe(false);
    expect(problems.map(({ kind, nodeName }) => `${kind} ${nodeName}`)).toEqual([
      'image a',
      'crash b',
      'missing-pod e',
      'not-ready c',
      'starting d',
    ]);
    expect(summary).toBe(
      'kube-flannel/f-a on a has no image r/flannel:1: ImagePullBackOff: Back-off pulling image "r/flannel:1": not found. 4 more problems.',
    );
    expect(problems[1]?.message).toBe(
      'kube-flannel/f-b on b: flanneld ended 7 times, last with exit code 1: no route to the API server.',
    );
    expect(problems[1]?.remedy).toBe('Look at: kubectl -n kube-flannel logs f-b -c flanneld --previous');
    expect(problems[2]?.message).toContain('No pod of the DaemonSet kube-flannel/kube-flannel-ds is on node e');
  });

  test('of one node speaks of that node only', async () => {
    for (const name of ['a', 'b']) putNode(name);
    putFlannel();
    putPod('f-a', 'a', running);
    expect(await diagnoseCni(client, 'FLANNEL', { nodeName: 'a' })).toMatchObject({ ready: true });
    expect((await diagnoseCni(client, 'FLANNEL', { nodeName: 'b' })).problems).toMatchObject([
      { kind: 'missing-pod', nodeName: 'b' },
    ]);
  });

  test('tells of a pod that finds no node, of one that is full, and of one that cannot be configured', async () => {
    putFlannel();
    const conditions = [
      { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes: too many pods.' },
    ];
    putPod('f-1', '', { phase: 'Pending', conditions });
    putPod('f-2', 'x', { phase: 'Failed', reason: 'Evicted' });
    putPod('f-3', 'y', waiting('CreateContainerConfigError', 'configmap "kube-flannel-cfg" not found'));
    const { problems } = await diagnoseCni(client, 'FLANNEL');
    expect(problems.map(({ message }) => message)).toEqual([
      'kube-flannel/f-2 on x has failed: Evicted.',
      'kube-flannel/f-3 on y cannot start flanneld: CreateContainerConfigError: configmap "kube-flannel-cfg" not found.',
      'kube-flannel/f-1 finds no node: 0/1 nodes: too many pods.',
    ]);
  });

  test('of a pod that only starts says what the events say, if they may be read', async () => {
    putNode('a');
    putFlannel();
    putPod('f-a', 'a', waiting('ContainerCreating'));
    fake.put({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: 'e', namespace: 'kube-flannel' },
      type: 'Warning',
      reason: 'FailedMount',
      message: 'no such directory',
      involvedObject: { name: 'f-a' },
    });
    expect((await diagnoseCni(client, 'FLANNEL')).summary).toBe(
      'kube-flannel/f-a on a is starting: FailedMount: no such directory',
    );
    fake.fail({ path: /events/, fault: { kind: 'refuse', status: 403, reason: 'Forbidden' } });
    expect((await diagnoseCni(client, 'FLANNEL')).summary).toBe('kube-flannel/f-a on a is starting.');
  });

  test('of a finished init container says nothing; one that waits for its work is spoken of', async () => {
    putNode('a');
    putFlannel();
    const done = {
      name: 'i',
      ready: true,
      restartCount: 1,
      state: { terminated: { exitCode: 0, reason: 'Completed' } },
      lastState: { terminated: { exitCode: 1 } },
    };
    putPod('f-a', 'a', { ...running, initContainerStatuses: [done] });
    expect((await diagnoseCni(client, 'FLANNEL')).ready).toBe(true);
  });

  test('one ready operator is enough; none is a problem', async () => {
    putNode('a');
    fake.put({ apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { namespace: 'kube-system', name: 'cilium' } });
    putPod('c-a', 'a', running, { 'k8s-app': 'cilium' }, 'kube-system');
    const operator = { 'io.cilium/app': 'operator' };
    putPod(
      'op-1',
      '',
      { phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: 'no room' }] },
      operator,
      'kube-system',
    );
    expect((await diagnoseCni(client, 'CILIUM')).problems).toMatchObject([
      { kind: 'pending', pod: 'kube-system/op-1' },
    ]);
    putPod('op-2', 'a', running, operator, 'kube-system');
    expect((await diagnoseCni(client, 'CILIUM')).ready).toBe(true);
  });

  test('that somebody else brings is judged by what the kubelets say', async () => {
    const message = 'container runtime network not ready: cni plugin not initialized';
    putNode('a', [{ type: 'Ready', status: 'False', message }]);
    putNode('b', [{ type: 'Ready', status: 'True' }]);
    expect((await diagnoseCni(client, 'NONE')).problems).toMatchObject([{ kind: 'unknown-plugin', nodeName: 'a' }]);
  });
});
