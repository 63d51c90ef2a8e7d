import { X509Certificate } from 'node:crypto';
import { jitteredDelayMs, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import type { Board } from '../work/board.js';
import type { IdentityStore, MachineIdentity } from './identity.js';

const backoff = { delayMsMin: 2_000, delayMsMax: 60_000 };

export interface KeepEnrollingPorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly board: Pick<Board, 'start' | 'done' | 'fail' | 'note'>;
  readonly identity: IdentityStore;
  readonly tokenFile: string;
  readonly enroll: () => Promise<MachineIdentity>;
}

/** The identity this machine has, or the one it gets; tried until it works. Undefined when stopped first. */
export async function keepEnrolling(
  ports: KeepEnrollingPorts,
  signal: AbortSignal,
): Promise<MachineIdentity | undefined> {
  const { clock, random, log, board } = ports;
  for (let failures = 0; !signal.aborted; failures++) {
    const machine = await usableIdentity(ports);
    if (machine !== undefined) {
      board.done('enroll');
      board.note('enroll', `machine ${machine.machineId} "${machine.machineName}"`);
      return machine;
    }
    board.start('enroll', 'enroll');
    try {
      await ports.enroll();
    } catch (error) {
      const { code, message, remedy } = toFlotillaError(error);
      const delayMs = jitteredDelayMs(failures, backoff, random);
      board.fail('enroll', 'enroll', [{ code, message, remedy }], delayMs);
      log.warn({ code, delayMs: Math.round(delayMs), err: error }, 'enrolling failed');
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }
  return undefined;
}

/** A stored identity counts unless its certificate has run out and a fresh token is there to replace it. */
async function usableIdentity({
  identity,
  host,
  clock,
  tokenFile,
}: KeepEnrollingPorts): Promise<MachineIdentity | undefined> {
  const machine = await identity.machine();
  if (machine === undefined || !(await host.exists(tokenFile))) return machine;
  const { certificate } = await identity.tls();
  return Date.parse(new X509Certificate(certificate).validTo) > clock.now().wallMs ? machine : undefined;
}
