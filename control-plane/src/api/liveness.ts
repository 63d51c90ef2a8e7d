import type { MachineRecord, Store } from '@flotilla/core';
import { SessionState } from '@flotilla/proto';
import type { ApiParts } from './parts.js';
import type { Liveness } from './wire.js';

/** Live facts where an agent was heard since our start, else what follows from the record. */
export function livenessOf(record: MachineRecord, live: ApiParts['liveness']): Liveness {
  return live(record.id, record.session, record.lastSeenAtMs);
}

/** The same for a machine of which only the id is known. */
export async function livenessById(
  reads: Pick<Store['read'], 'machine'>,
  machineId: string,
  live: ApiParts['liveness'],
): Promise<Liveness> {
  // Whoever was heard since our start needs no look at the record, which is large.
  const heard = live(machineId, SessionState.UNSPECIFIED, undefined);
  if (heard.lastSeenAtMs !== undefined) return heard;
  const record = await reads.machine(machineId);
  if (record === undefined) return { session: SessionState.DISCONNECTED, lastSeenAtMs: undefined };
  return livenessOf(record, live);
}
