import type { MachineRecord, Store } from '@flotilla/core';
import { SessionState } from '@flotilla/proto';
import type { Liveness } from './wire.js';

/** Live facts where an agent is connected here, else what the record remembers. */
export function livenessOf(record: MachineRecord, live: (machineId: string) => Liveness | undefined): Liveness {
  return live(record.id) ?? { session: record.session, lastSeenAtMs: record.lastSeenAtMs };
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
  return { session: record.session, lastSeenAtMs: record.lastSeenAtMs };
}
