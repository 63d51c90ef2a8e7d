import { X509Certificate } from 'node:crypto';
import { jitteredDelayMs, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import type { Board } from '../work/board.js';
import type { IdentityStore, MachineIdentity } from './identity.js';

const backoff = { delayMsMin: 2_000, delayMsMax: 60_000 };
/** What only another token cures: the same one again is refused again, and each try leaves a line in the server's audit log. */
const wantsNewToken = ['TOKEN_REFUSED'];
const tokenLookMs = 5_000;

export interface KeepEnrollingPorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly board: Pick<Board, 'start' | 'done' | 'fail' | 'note'>;
  readonly identity: IdentityStore;
  readonly tokenFile: string;
  readonly enroll: () => Promise<MachineIdentity>;
  /** Calls back when a person (SIGHUP) says to try again. */
  readonly onRetry: (retry: () => void) => void;
}

/** The identity this machine has, or the one it gets; tried until it works. Undefined when stopped first. */
export async function keepEnrolling(
  ports: KeepEnrollingPorts,
  signal: AbortSignal,
): Promise<MachineIdentity | undefined> {
  const { clock, random, log, board, host, tokenFile } = ports;
  const poked = new Poke(ports.onRetry);
  for (let failures = 0; !signal.aborted; failures++) {
    const machine = await usableIdentity(ports);
    if (machine !== undefined) {
      board.done('enroll');
      board.note('enroll', `machine ${machine.machineId} "${machine.machineName}"`);
      return machine;
    }
    board.start('enroll', 'enroll');
    const token = await stampOf(host, tokenFile);
    try {
      await ports.enroll();
    } catch (error) {
      const { code, message, remedy } = toFlotillaError(error);
      if (wantsNewToken.includes(code)) {
        board.fail('enroll', 'enroll', [{ code, message, remedy }], undefined);
        log.warn({ code, err: error }, 'enrolling waits for a new token');
        await poked.or(async (stop) => {
          while (!stop.aborted && (await stampOf(host, tokenFile)) === token)
            await clock.sleep(tokenLookMs, stop).catch(() => undefined);
        }, signal);
        continue;
      }
      const delayMs = jitteredDelayMs(failures, backoff, random);
      board.fail('enroll', 'enroll', [{ code, message, remedy }], delayMs);
      log.warn({ code, delayMs: Math.round(delayMs), err: error }, 'enrolling failed');
      await clock.sleep(delayMs, signal).catch(() => undefined);
    }
  }
  return undefined;
}

/** Changes when the file is written, also with the same text: running the installer again is a wish to try. */
async function stampOf(host: Host, tokenFile: string): Promise<string> {
  const found = await host.stat(tokenFile).catch(() => undefined);
  return found === undefined ? 'absent' : `${found.modifiedMs} ${found.sizeBytes}`;
}

/** A person's wish to try again, heard only while somebody waits. */
class Poke {
  #wake: () => void = () => undefined;

  constructor(onRetry: KeepEnrollingPorts['onRetry']) {
    onRetry(() => this.#wake());
  }

  /** Until the work is over, the poke comes, or the signal. */
  async or(work: (stop: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
    const poked = new AbortController();
    this.#wake = () => poked.abort();
    await work(AbortSignal.any([poked.signal, signal]));
    this.#wake = () => undefined;
  }
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
