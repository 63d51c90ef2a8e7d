import type { CommitNotice, Store, StoreViews } from '@flotilla/core';
import type { Random } from '@flotilla/kit';
import { Violation, type Kernel } from './kernel.js';

const checkedShare = 0.004;

interface Kept {
  /** Ids of every record the view was made of. */
  readonly ids: ReadonlySet<string>;
  readonly value: unknown;
}

/**
 * Views that nothing has touched since are not read again: a third of the time of a run. What is kept is compared with
 * the real read every now and then, so that a view that depends on more than is thought ends the run.
 */
export function memoViews(store: Store, kernel: Kernel, random: Random): StoreViews {
  const kept = new Map<string, Kept>();
  store.onCommit((notice) => forget(kept, notice));
  const { views } = store.read;
  return new Proxy(views, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function' || !['machine', 'node'].includes(String(name))) return member;
      return async (id: string) => {
        const key = `${String(name)}:${id}`;
        const found = kept.get(key);
        const read = async (): Promise<unknown> => (await Reflect.apply(member, target, [id])) as unknown;
        if (found !== undefined && random.fraction() >= checkedShare) return found.value;
        const value = await read();
        if (found !== undefined && kept.get(key) === found && text(found.value) !== text(value))
          kernel.fail(new Violation('simulation', `the view ${key} has changed though nothing of it was written`));
        kept.set(key, { ids: idsOf(value, id), value });
        return value;
      };
    },
  });
}

function forget(kept: Map<string, Kept>, notice: CommitNotice): void {
  const touched = new Set(notice.touched.map(({ id }) => id));
  for (const [key, { ids }] of kept) {
    for (const id of ids) {
      if (!touched.has(id)) continue;
      kept.delete(key);
      break;
    }
  }
}

/** Every part of a view is a record with an id, or a target of the machine. */
function idsOf(view: unknown, id: string): Set<string> {
  const ids = new Set([id]);
  for (const part of Object.values((view ?? {}) as Record<string, { id?: string; machineId?: string } | undefined>)) {
    // records
    if (part?.id !== undefined) ids.add(part.id);
    if (part?.machineId !== undefined) ids.add(part.machineId);
  }
  return ids;
}

function text(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? part.toString() : part)) ?? '';
}
