import type { MachineRecord, Store } from '@flotilla/core';
import { SessionState } from '@flotilla/proto';
import type { Liveness } from './wire.js';

/** Live facts where an agent is connected here, else what the record remembers. */
export function livenessOf(record: MachineRecord, live: (machineId: string) => Liveness | undefined): Liveness {
  return live(record.id) ?? remembered(record);
}

/** The same for a machine of which only the id is known. */
export async function livenessById(
  reads: Pick<Store['read'], 'machine'>,
  machineId: string,
  live: (machineId: string) => Liveness | undefined,
): Promise<Liveness> {
  const now = live(machineId);
  if (now !== undefined) return now;
  const record = await reads.machine(machineId);
  if (record === undefined) return { session: SessionState.DISCONNECTED, lastSeenAtMs: undefined };
  return remembered(record);
}

/** Connected by the record but not here: we were away, and it has not come back yet. */
function remembered(record: MachineRecord): Liveness {
  const session = record.session === SessionState.CONNECTED ? SessionState.DISCONNECTED : record.session;
  return { session, lastSeenAtMs: record.lastSeenAtMs };
}
