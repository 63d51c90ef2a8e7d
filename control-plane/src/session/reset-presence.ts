import type { Store } from '@flotilla/core';
import { SessionState } from '@flotilla/proto';
import type { Intake } from './intake.js';
import type { SessionTable } from './table.js';

const page = 500;

/**
 * After a crash the store still says CONNECTED of everybody. Those who have come back by now are left alone; of the
 * others the truth is noted. Once, some time after the start.
 */
export async function resetPresence(store: Pick<Store, 'read'>, table: SessionTable, intake: Intake): Promise<number> {
  let reset = 0;
  for (let after = ''; ;) {
    const ids = await store.read.views.liveIds('machine', after, page);
    for (const id of ids) {
      if (table.live(id).connected) continue;
      const machine = await store.read.machine(id);
      if (
        machine === undefined ||
        (machine.session !== SessionState.CONNECTED && machine.session !== SessionState.SILENT)
      )
        continue;
      const { lastSeenAtMs = machine.createdAtMs, remoteAddress } = machine;
      intake.put({
        kind: 'machine.presence',
        machineId: id,
        session: SessionState.DISCONNECTED,
        lastSeenAtMs,
        remoteAddress,
      });
      reset += 1;
    }
    const last = ids.at(-1);
    if (last === undefined || ids.length < page) return reset;
    after = last;
  }
}
