import { SessionState } from '@flotilla/proto';
import { Violation } from '../world/kernel.js';
import type { World } from '../world/world.js';

/** I16: from 1 to the newest without gap or repeat. Read at the end, when all is quiet. */
export async function checkFeed(world: World): Promise<void> {
  let after = 0;
  for (;;) {
    const page = await world.store.read.eventsAfter(after, 1000);
    for (const event of page) {
      if (event.revision !== after + 1) throw new Violation('I16', `event ${event.revision} follows ${after}`);
      after = event.revision;
    }
    if (page.length === 0) break;
  }
  const newest = await world.store.read.revision();
  if (newest !== after) throw new Violation('I16', `the newest revision is ${newest}, the last event has ${after}`);
}

/** I7: nobody stays suspect. Called at intervals. */
export class SuspectChecks {
  readonly #silentSinceMs = new Map<string, number>();

  constructor(private readonly world: World) {}

  look(): void {
    const { server } = this.world;
    if (server === undefined || server.process.paused) {
      this.#silentSinceMs.clear();
      return;
    }
    for (const entry of server.table.entries()) {
      if (entry.state !== SessionState.SILENT) {
        this.#silentSinceMs.delete(entry.machineId);
        continue;
      }
      const sinceMs = this.#silentSinceMs.get(entry.machineId) ?? this.world.nowMs;
      this.#silentSinceMs.set(entry.machineId, sinceMs);
      if (this.world.nowMs - sinceMs > 10 * 60_000 && !entry.connected)
        throw new Violation('I7', `${entry.machineId} has been suspect for ten minutes`);
    }
  }
}
