import { describe, expect, test } from 'vitest';
import type { KubeObjects, KubeResource } from './objects.js';
import { parsers } from './parse.js';
import { JsonReader } from './read.js';

function parse<R extends KubeResource>(resource: R, value: object): KubeObjects[R] {
  const parser: (object: JsonReader) => KubeObjects[R] = parsers[resource];
  return parser(new JsonReader({ metadata: { name: 'x' }, ...value }, resource));
}

describe('objects of Kubernetes', () => {
  test('every kind is read from nothing but a name: fields come later in its life', () => {
    for (const resource of Object.keys(parsers) as KubeResource[]) {
      expect(parse(resource, {}).meta).toEqual({
        name: 'x',
        namespace: '',
        uid: '',
        resourceVersion: '',
        labels: {},
        annotations: {},
        createdAtMs: undefined,
        deletingSinceMs: undefined,
        deletionGraceSeconds: undefined,
        finalizers: [],
        owners: [],
      });
    }
  });

  test('none is read without a name, or with a condition of no type', () => {
    const nameless = new JsonReader({ metadata: {} }, 'Node');
    expect(() => parsers.nodes(nameless)).toThrow(expect.objectContaining({ code: 'KUBE_BAD_ANSWER' }) as Error);
    expect(() => parse('nodes', { status: { conditions: [{ status: 'True' }] } })).toThrow(/conditions\[0\]\.type/);
  });

  test('fields of a later Kubernetes are left alone', () => {
    const node = parse('nodes', { spec: { providerID: 'flotilla://m', later: { deep: [1] } }, future: true });
    expect(node.providerId).toBe('flotilla://m');
  });

  test('a node: addresses, taints, versions, conditions', () => {
    const node = parse('nodes', {
      spec: { unschedulable: true, podCIDRs: ['10.244.1.0/24'], taints: [{ key: 'k', effect: 'NoSchedule' }] },
      status: {
        addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
        capacity: { cpu: '2' },
        nodeInfo: { kubeletVersion: 'v1.35.4', bootID: 'b', machineID: 'm' },
        conditions: [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: '2026-01-01T00:00:00Z' }],
      },
    });
    expect(node).toMatchObject({
      unschedulable: true,
      podCidrs: ['10.244.1.0/24'],
      taints: [{ key: 'k', value: '', effect: 'NoSchedule' }],
      addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
      capacity: { cpu: '2' },
      info: { kubeletVersion: 'v1.35.4', bootId: 'b', machineId: 'm', kernelVersion: '' },
      conditions: [
        { type: 'Ready', status: 'Unknown', heartbeatAtMs: Date.UTC(2026, 0, 1), transitionAtMs: undefined },
      ],
    });
  });

  test('a pod: what it would lose, and who owns it', () => {
    const pod = parse('pods', {
      metadata: { name: 'x', ownerReferences: [{ kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }] },
      spec: {
        nodeName: 'n',
        volumes: [{ emptyDir: {} }, { persistentVolumeClaim: { claimName: 'data' } }, { hostPath: {} }],
      },
    });
    expect(pod).toMatchObject({ nodeName: 'n', hasEmptyDir: true, persistentVolumeClaims: ['data'] });
    expect(pod.meta.owners).toEqual([{ kind: 'DaemonSet', name: 'd', uid: 'u', controller: true }]);
  });

  test('a pod tells why its containers do not run, init containers first', () => {
    const waiting = {
      name: 'web',
      image: 'web:1',
      restartCount: 7,
      state: { waiting: { reason: 'CrashLoopBackOff' } },
    };
    const ended = { terminated: { exitCode: 137, reason: 'OOMKilled' } };
    const pod = parse('pods', {
      status: {
        containerStatuses: [{ ...waiting, lastState: ended }, { name: 'fresh' }],
        initContainerStatuses: [
          { name: 'init', ready: true, state: { terminated: { exitCode: 0, reason: 'Completed' } } },
        ],
      },
    });
    expect(pod.containers).toMatchObject([
      { name: 'init', init: true, ready: true, state: 'terminated', reason: 'Completed', lastEnd: undefined },
      {
        name: 'web',
        init: false,
        restarts: 7,
        state: 'waiting',
        reason: 'CrashLoopBackOff',
        lastEnd: { exitCode: 137 },
      },
      { name: 'fresh', state: 'waiting', reason: '' },
    ]);
  });

  test('what holds an object, and what is attached to a node', () => {
    const metadata = { name: 'x', finalizers: ['a/b'], deletionGracePeriodSeconds: 30 };
    expect(parse('pods', { metadata }).meta).toMatchObject({ finalizers: ['a/b'], deletionGraceSeconds: 30 });
    const status = { volumesAttached: [{ name: 'kubernetes.io/csi/x^1', devicePath: '' }] };
    expect(parse('nodes', { status }).volumesAttached).toEqual(['kubernetes.io/csi/x^1']);
    expect(() => parse('nodes', { status: { volumesAttached: [{}] } })).toThrow(/volumesAttached\[0\]\.name/);
  });

  test('a review is an answer without a name, and denied outranks allowed', () => {
    const answer = (status: object): boolean =>
      parsers.selfsubjectaccessreviews(new JsonReader({ metadata: {}, status }, 'review')).allowed;
    expect(answer({ allowed: true })).toBe(true);
    expect(answer({ allowed: true, denied: true })).toBe(false);
    expect(answer({})).toBe(false);
  });

  test('a kind is served when it says Established', () => {
    const at = (status: string): object => ({ status: { conditions: [{ type: 'Established', status }] } });
    expect(parse('customresourcedefinitions', at('True')).established).toBe(true);
    expect(parse('customresourcedefinitions', at('False')).established).toBe(false);
  });

  test('a certificate request: PEM texts, and a condition without a status means True', () => {
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    const csr = parse('certificatesigningrequests', {
      spec: { request: base64('PEM'), username: 'system:node:n', groups: ['system:nodes'] },
      status: { certificate: base64('CERT'), conditions: [{ type: 'Approved' }] },
    });
    expect(csr).toMatchObject({ requestPem: 'PEM', certificatePem: 'CERT', conditions: [{ status: 'True' }] });
    expect(parse('certificatesigningrequests', {}).certificatePem).toBeUndefined();
  });

  test('a budget tells its labels only when they are the whole selector', () => {
    const matchLabels = { app: 'a' };
    expect(parse('poddisruptionbudgets', { spec: { selector: { matchLabels } } }).matchLabels).toEqual(matchLabels);
    const more = { matchLabels, matchExpressions: [] };
    expect(parse('poddisruptionbudgets', { spec: { selector: more } }).matchLabels).toBeUndefined();
    expect(parse('poddisruptionbudgets', {}).matchLabels).toBeUndefined();
  });

  test('a workload is current only when its controller saw the newest spec', () => {
    const at = (generation: number, observedGeneration?: number): object => ({
      metadata: { name: 'x', generation },
      status: { observedGeneration },
    });
    expect(parse('daemonsets', at(2, 2)).current).toBe(true);
    expect(parse('daemonsets', at(2, 1)).current).toBe(false);
    expect(parse('deployments', at(1)).current).toBe(false);
    const status = { desiredNumberScheduled: 3, numberReady: 2 };
    expect(parse('daemonsets', { status })).toMatchObject({ wanted: 3, ready: 2 });
    expect(parse('deployments', { spec: { replicas: 0 } })).toMatchObject({ wanted: 0, ready: 0 });
  });

  test('an event is dated by its newest sighting', () => {
    const old = { lastTimestamp: '2026-01-01T00:00:00Z', count: 3 };
    expect(parse('events', old)).toMatchObject({ count: 3, lastSeenAtMs: Date.UTC(2026, 0, 1) });
    const series = { count: 9, lastObservedTime: '2026-01-02T00:00:00Z' };
    expect(parse('events', { ...old, series })).toMatchObject({ count: 9, lastSeenAtMs: Date.UTC(2026, 0, 2) });
  });
});
