import type { Change, CommitNotice, CommitOptions, Committed, Store } from '@flotilla/core';
import type { Clock } from '@flotilla/kit';

/** The store, with the time of each commit told to `observe`. */
export function measuredStore(
  store: Store,
  clock: Clock,
  observe: (owner: string, result: 'ok' | 'failed', durationMs: number) => void,
): Store {
  return {
    instance: store.instance,
    read: store.read,
    async commit(changes: readonly Change[], options: CommitOptions): Promise<Committed> {
      const startedAtMs = clock.now().monotonicMs;
      let result: 'ok' | 'failed' = 'failed';
      try {
        const committed = await store.commit(changes, options);
        result = 'ok';
        return committed;
      } finally {
        observe(options.owner, result, clock.now().monotonicMs - startedAtMs);
      }
    },
    onCommit: (listener: (notice: CommitNotice) => void) => store.onCommit(listener),
    close: () => store.close(),
  };
}
