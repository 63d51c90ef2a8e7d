import type { Clock } from '@flotilla/kit';
import { knownPlace, type ResourcePlace } from '../paths.js';
import { isMap, mapAt, textAt, type Json, type JsonMap } from './json.js';
import type { FakeObjectStore } from './object-store.js';

const leaseNamespace = 'kube-node-lease';
const unreachable = 'node.kubernetes.io/unreachable';
const notReady = 'node.kubernetes.io/not-ready';

/**
 * A node lifecycle controller for tests: whose Lease is older than the grace, is Unknown. Nothing happens by itself:
 * {@link check} looks once, {@link run} looks every five seconds of the clock it was given.
 */
export class FakeNodeLifecycle {
  readonly #store: FakeObjectStore;
  readonly #clock: Clock;
  /** As in Kubernetes since 1.32. */
  graceMs = 50_000;

  constructor(store: FakeObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** A heartbeat of the kubelet: its Lease is renewed now, and what `Ready` says is `ready`. */
  beat(nodeName: string, ready = true): void {
    const now = new Date(this.#clock.now().wallMs).toISOString();
    const spec = { holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime: now.replace('Z', '000Z') };
    this.#store.put(leases, { metadata: { name: nodeName, namespace: leaseNamespace }, spec }, 'kubelet/Update');
    const node = this.#store.find(nodes, '', nodeName);
    if (node !== undefined) this.#say(node, ready ? 'True' : 'False', ready ? 'KubeletReady' : 'KubeletNotReady');
  }

  /** Marks nodes without a fresh Lease, and keeps the taints that belong to what `Ready` says. */
  check(): void {
    for (const node of this.#store.list(nodes, undefined, () => true)) {
      const name = textAt(mapAt(node, 'metadata'), 'name');
      const lease = this.#store.find(leases, leaseNamespace, name);
      const renewedMs = Date.parse(textAt(mapAt(lease ?? {}, 'spec'), 'renewTime'));
      const fresh = this.#clock.now().wallMs - renewedMs <= this.graceMs;
      if (!fresh) this.#say(node, 'Unknown', 'NodeStatusUnknown', 'Kubelet stopped posting node status.');
      this.#taint(name);
    }
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.check();
      await this.#clock.sleep(5_000, signal).catch(() => undefined);
    }
  }

  #say(node: JsonMap, status: string, reason: string, message = ''): void {
    const { conditions } = mapAt(node, 'status');
    const others = listOf(conditions).filter((item) => item['type'] !== 'Ready');
    const before = listOf(conditions).find((item) => item['type'] === 'Ready');
    if (before?.['status'] === status && before['reason'] === reason) return;
    const now = new Date(this.#clock.now().wallMs).toISOString().replace(/\.\d+Z$/, 'Z');
    const lastTransitionTime = before?.['status'] === status ? (before['lastTransitionTime'] ?? now) : now;
    const ready = { type: 'Ready', status, reason, message, lastHeartbeatTime: now, lastTransitionTime };
    const next = { ...node, status: { ...mapAt(node, 'status'), conditions: [...others, ready] } };
    this.#store.put(nodes, next, 'lifecycle/Update');
  }

  #taint(name: string): void {
    const node = this.#store.find(nodes, '', name);
    if (node === undefined) return;
    const ready = listOf(mapAt(node, 'status')['conditions']).find((item) => item['type'] === 'Ready')?.['status'];
    const key = ready === 'Unknown' ? unreachable : ready === 'True' ? undefined : notReady;
    const before = listOf(mapAt(node, 'spec')['taints']);
    const kept = before.filter((taint) => taint['key'] !== unreachable && taint['key'] !== notReady);
    const ours = key === undefined ? [] : ['NoSchedule', 'NoExecute'].map((effect): JsonMap => ({ key, effect }));
    const taints: Json[] = [...kept, ...ours];
    if (JSON.stringify(taints) === JSON.stringify(before)) return;
    this.#store.put(nodes, { ...node, spec: { ...mapAt(node, 'spec'), taints } }, 'lifecycle/Update');
  }
}

const nodes = placeOf('v1', 'Node');
const leases = placeOf('coordination.k8s.io/v1', 'Lease');

function listOf(value: Json | undefined): readonly JsonMap[] {
  return Array.isArray(value) ? value.filter(isMap) : [];
}

function placeOf(apiVersion: string, kind: string): ResourcePlace {
  const place = knownPlace(apiVersion, kind);
  if (place === undefined) throw new Error(`${kind} is not in the table of places`);
  return place;
}
