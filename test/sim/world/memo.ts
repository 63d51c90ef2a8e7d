import type { Change, CommitNotice, Store, StoreReads, StoreViews } from '@flotilla/core';
import type { Random } from '@flotilla/kit';
import { Violation, type Kernel } from './kernel.js';

const checkedShare = 0.004;
const kept = ['machine', 'node', 'pool', 'cluster', 'clusterHealth'] as const;
/** Made of more records than they name. */
const wide = ['pool:', 'cluster:', 'clusterHealth:'];

interface Entry {
  /** Ids of every record the view was made of. */
  readonly ids: ReadonlySet<string>;
  readonly value: unknown;
}

/**
 * Views that nothing has touched since are not read again: a third of the time of a run. "Last seen" alone touches
 * nothing here: nobody decides by it. What is kept is compared with the real read every now and then, so that a view
 * that depends on more than is thought ends the run.
 */
export class ViewMemo {
  readonly reads: StoreReads;
  readonly #entries = new Map<string, Entry>();
  readonly #sessions = new Map<string, number>();
  readonly #quiet = new Set<string>();

  constructor(
    store: Store,
    private readonly kernel: Kernel,
    private readonly random: Random,
  ) {
    store.onCommit((notice) => this.#forget(notice));
    const views = this.#views(store.read.views);
    this.reads = new Proxy(store.read, {
      get: (reads, name) => (name === 'views' ? views : (Reflect.get(reads, name) as unknown)),
    });
  }

  /** To be told before each commit: whether it moves a session is not in the notice. */
  before(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'machine.presence') continue;
      if (this.#sessions.get(change.machineId) === change.session) this.#quiet.add(change.machineId);
      else this.#quiet.delete(change.machineId);
      this.#sessions.set(change.machineId, change.session);
    }
  }

  #views(views: StoreViews): StoreViews {
    return new Proxy(views, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function' || !(kept as readonly string[]).includes(String(name))) return member;
        const read = (id: string): Promise<unknown> => Reflect.apply(member, target, [id]) as Promise<unknown>; // every view is read
        return (id: string) => this.#view(`${String(name)}:${id}`, id, read);
      },
    });
  }

  async #view(key: string, id: string, read: (id: string) => Promise<unknown>): Promise<unknown> {
    const found = this.#entries.get(key);
    if (found !== undefined && this.random.fraction() >= checkedShare) return found.value;
    const value = await read(id);
    if (found !== undefined && this.#entries.get(key) === found && text(found.value) !== text(value))
      this.kernel.fail(new Violation('simulation', `the view ${key} has changed though nothing of it was written`));
    this.#entries.set(key, { ids: idsOf(value, id), value });
    return value;
  }

  #forget({ kinds, touched }: CommitNotice): void {
    const onlySeen = kinds.every((kind) => kind === 'machine.presence' || kind.endsWith('.append'));
    if (onlySeen && touched.every(({ kind, id }) => kind !== 'machine' || this.#quiet.has(id))) return;
    const ids = new Set(touched.map(({ id }) => id));
    for (const [key, entry] of this.#entries) {
      const stale = wide.some((prefix) => key.startsWith(prefix)) || [...entry.ids].some((id) => ids.has(id));
      if (stale) this.#entries.delete(key);
    }
  }
}

/** Every part of a view is a record with an id, or a target of the machine. */
function idsOf(view: unknown, id: string): Set<string> {
  const ids = new Set([id]);
  for (const part of Object.values((view ?? {}) as Record<string, { id?: string; machineId?: string } | undefined>)) {
    if (part?.id !== undefined) ids.add(part.id);
    if (part?.machineId !== undefined) ids.add(part.machineId);
  }
  return ids;
}

function text(value: unknown): string {
  return (
    JSON.stringify(value, (key, part: unknown) =>
      key === 'lastSeenAtMs' ? undefined : typeof part === 'bigint' ? part.toString() : part,
    ) ?? ''
  );
}
