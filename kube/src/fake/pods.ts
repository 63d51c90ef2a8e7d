import { knownPlace, type ResourcePlace } from '../paths.js';
import { isMap, mapAt, textAt, type Json, type JsonMap } from './json.js';
import type { FakeObjectStore } from './object-store.js';
import { FakeRefusal } from './refusal.js';

/** One answer to an eviction, in place of what the budgets say. */
export interface FakeEvictionAnswer {
  readonly status: 429 | 500;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
}

/** How pods leave: by eviction, held by budgets, at once or when the test says that their kubelet is done. */
export class FakePods {
  readonly #store: FakeObjectStore;
  readonly #answers = new Map<string, FakeEvictionAnswer[]>();
  /** Pods on a node stay, being deleted, until {@link finish}. */
  linger = false;

  constructor(store: FakeObjectStore) {
    this.#store = store;
  }

  answerEviction(namespace: string, name: string, answers: readonly FakeEvictionAnswer[]): void {
    this.#answers.set(`${namespace}/${name}`, [...answers]);
  }

  evict(pod: JsonMap, uid: string, graceSeconds?: number): void {
    const meta = mapAt(pod, 'metadata');
    const [namespace, name] = [textAt(meta, 'namespace'), textAt(meta, 'name')];
    const answer = this.#answers.get(`${namespace}/${name}`)?.shift();
    if (answer !== undefined) {
      const reason = answer.status === 429 ? 'TooManyRequests' : 'InternalError';
      throw new FakeRefusal(answer.status, reason, answer.message ?? 'injected by the test', answer.retryAfterSeconds);
    }
    checkUid(pod, uid);
    this.#askBudgets(pod);
    this.remove(pod, graceSeconds);
  }

  /** A pod on a node gets its grace, and stays until it is finished; any other goes at once. */
  remove(pod: JsonMap, graceSeconds?: number): void {
    const spec = mapAt(pod, 'spec');
    const own = spec['terminationGracePeriodSeconds'];
    const wanted = graceSeconds ?? (typeof own === 'number' ? own : 30);
    const stays = this.linger && textAt(spec, 'nodeName') !== '';
    this.#store.delete(podPlace(), pod, stays ? wanted : 0);
  }

  /** The kubelet has stopped the pod. */
  finish(namespace: string, name: string): void {
    const pod = this.#store.find(podPlace(), namespace, name);
    if (pod !== undefined) this.#store.delete(podPlace(), pod);
  }

  #askBudgets(pod: JsonMap): void {
    const meta = mapAt(pod, 'metadata');
    // As in Kubernetes, a pod that does not run disrupts nothing.
    if (textAt(mapAt(pod, 'status'), 'phase') !== 'Running' || textAt(meta, 'deletionTimestamp') !== '') return;
    const labels = mapAt(meta, 'labels');
    const budgets = this.#store.list(budgetPlace(), textAt(meta, 'namespace'), (budget) => {
      const wanted = mapAt(mapAt(mapAt(budget, 'spec'), 'selector'), 'matchLabels');
      return Object.entries(wanted).every(([key, value]) => labels[key] === value);
    });
    if (budgets.length > 1) {
      throw new FakeRefusal(
        500,
        'InternalError',
        'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
      );
    }
    const [budget] = budgets;
    if (budget === undefined) return;
    const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0 } = mapAt(budget, 'status');
    // A sick pod does not count towards a budget that is satisfied without it.
    if (!isReady(pod) && Number(desiredHealthy) > 0 && Number(currentHealthy) >= Number(desiredHealthy)) return;
    if (Number(disruptionsAllowed) <= 0) {
      const numbers = `needs ${Number(desiredHealthy)} healthy pods and has ${Number(currentHealthy)} currently`;
      const message = `The disruption budget ${textAt(mapAt(budget, 'metadata'), 'name')} ${numbers}`;
      const said = "Cannot evict pod as it would violate the pod's disruption budget.";
      throw new FakeRefusal(429, 'TooManyRequests', said, undefined, [{ reason: 'DisruptionBudget', message }]);
    }
    // Spent here and now; who keeps the budget counts anew later.
    const status = { ...mapAt(budget, 'status'), disruptionsAllowed: Number(disruptionsAllowed) - 1 };
    this.#store.put(budgetPlace(), { ...budget, status }, 'server');
  }
}

function isReady(pod: JsonMap): boolean {
  const conditions = mapAt(pod, 'status')['conditions'];
  const isTrue = (item: Json): boolean => isMap(item) && item['type'] === 'Ready' && item['status'] === 'True';
  return Array.isArray(conditions) && conditions.some(isTrue);
}

/** 409 when the object is another than the precondition names. */
export function checkUid(object: JsonMap, uid: string): void {
  const actual = textAt(mapAt(object, 'metadata'), 'uid');
  if (uid !== '' && uid !== actual) {
    throw new FakeRefusal(
      409,
      'Conflict',
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${actual}`,
    );
  }
}

/** The grace that DeleteOptions name, if they do. */
export function graceOf(options: JsonMap): number | undefined {
  const seconds = options['gracePeriodSeconds'];
  return typeof seconds === 'number' ? seconds : undefined;
}

/** The uid that DeleteOptions name, or empty. */
export function uidPrecondition(options: JsonMap): string {
  const preconditions = options['preconditions'];
  return isMap(preconditions) ? textAt(preconditions, 'uid') : '';
}

function podPlace(): ResourcePlace {
  return placeOf('v1', 'Pod');
}

function budgetPlace(): ResourcePlace {
  return placeOf('policy/v1', 'PodDisruptionBudget');
}

function placeOf(apiVersion: string, kind: string): ResourcePlace {
  const place = knownPlace(apiVersion, kind);
  if (place === undefined) throw new Error(`${kind} is not in the table of places`);
  return place;
}
