import { FlotillaError, toFlotillaError, type Logger } from '@flotilla/kit';
import type { MachineTarget, Maintenance } from '@flotilla/proto';
import type { Host } from '../host/host.js';
import { carryOutWithoutDisk, isWithoutDisk, type ActWithoutDisk } from './acts.js';
import type { Board } from './board.js';
import { nonceOutcomes, type Act } from './journal-line.js';
import type { Journal, NonceRecord } from './journal.js';
import { settleStarted, wantedNonces } from './nonces.js';

/** On a tmpfs: outlives the agent's process, and is lost with the boot. */
const dir = '/run/flotilla-agent';
const path = `${dir}/acts.json`;

export interface MemoryActsPorts {
  readonly host: Host;
  readonly log: Logger;
  readonly journal: Journal;
  readonly board: Board;
  readonly bootId: string;
  readonly onActed?: () => void;
}

type Wanted = readonly (readonly [ActWithoutDisk, string])[];

/**
 * The acts that need no disk (restarting the kubelet, the runtime, the machine), for a root file system that has become
 * read-only: no target can be saved then and no journal written, and a reboot may be just what mends it.
 *
 * Each nonce is carried out at most once, by the journal or from here:
 * - It is marked in /run before it is begun. What cannot be marked is not done. The mark outlives the agent, not the boot.
 * - What the first target that is heard in a boot asks for, and the journal does not know, may have been done before the
 *   boot, with its mark lost. It is not done in this boot by either way, but counts as interrupted. Nothing of a target
 *   that was only read from disk is begun before one was heard.
 * - What a later target asks for was not asked for before the boot, because the first one, being newer than all before
 *   it, did not have it, and the control plane never asks again under a nonce that it has taken back.
 *
 * A mark file that is lost only makes for less: the next target that is heard then counts as the first. So a machine that
 * is in no cluster has none.
 *
 * Limits: an order that was given while the machine was down, or cut off since its boot, is not carried out and needs a
 * new nonce; nothing is lost by that, since the boot has restarted everything. A control plane that is restored from a
 * backup can bring back a nonce that it had taken back; only then, and only for one obeyed from memory before a boot
 * that had heard the newer control plane, would it be done twice.
 */
export class MemoryActs {
  /** The last nonce of each act that the journal does not know yet. */
  readonly #records = new Map<Act, NonceRecord>();
  /** A target was heard in this boot. */
  #heard = false;
  /** What is in /run, as far as this process wrote it: marks, nothing, or something older. */
  #inRun: 'marks' | 'nothing' | 'stale' = 'nothing';
  #loading: Promise<void> | undefined;

  constructor(private readonly ports: MemoryActsPorts) {}

  /** Reads, once, what an earlier process of this boot left. */
  ready(): Promise<void> {
    return (this.#loading ??= this.#load());
  }

  get records(): readonly NonceRecord[] {
    const { journal } = this.ports;
    return [...this.#records.values()].filter(({ act, nonce }) => journal.nonce(act)?.nonce !== nonce);
  }

  /** To be called with each target that is heard, before it is saved or obeyed. */
  async hear(maintenance: Maintenance | undefined): Promise<void> {
    await this.ready();
    if (this.#heard) return;
    const { journal, bootId } = this.ports;
    const state = journal.isEmpty ? 'spent' : 'interrupted';
    for (const [act, nonce] of wantedWithoutDisk(maintenance))
      if (!this.#knows(act, nonce)) this.#records.set(act, { act, nonce, state, bootId });
    this.#heard = true;
    await this.#note();
  }

  /** Whether the ordinary way must leave this nonce alone. */
  holdsBack(act: Act, nonce: string): boolean {
    return isWithoutDisk(act) && (!this.#heard || this.#records.get(act)?.nonce === nonce);
  }

  /** Carries out what this target asks for and was never begun. Never throws for what the host refuses. */
  async obey({ maintenance }: MachineTarget, isolated: boolean, signal: AbortSignal): Promise<void> {
    await this.ready();
    if (!this.#heard) return;
    const { bootId, log, board, onActed } = this.ports;
    for (const [act, nonce] of wantedWithoutDisk(maintenance)) {
      if (signal.aborted) return;
      if (this.#knows(act, nonce)) continue;
      if (!(await this.#mark({ act, nonce, state: 'started', bootId }))) return;
      board.announce();
      log.info({ act, nonce }, 'carrying out from memory: the disk is read-only');
      const state = await this.#carryOut(act, isolated);
      // A reboot is over when the boot id has changed, and then nothing here knows of it.
      if (act !== 'reboot' || state === 'failed') await this.#mark({ act, nonce, state, bootId });
      onActed?.();
      board.announce();
    }
  }

  /** Hands over to a journal that can be written again, and takes the marks away that nobody needs. */
  async handOver(): Promise<void> {
    await this.ready();
    if (!this.#heard) return;
    if (this.#records.size > 0) await this.#toJournal();
    await this.#note();
  }

  /** Brings /run up to date: a member's marks, or none. */
  async #note(): Promise<void> {
    const { journal, host, log } = this.ports;
    const wanted = this.#records.size > 0 || journal.membership() !== undefined;
    if (this.#inRun === (wanted ? 'marks' : 'nothing')) return;
    try {
      if (wanted) await this.#save();
      else {
        await removeMarks(host);
        this.#inRun = 'nothing';
      }
    } catch (error) {
      log.warn({ err: ofHost(error) }, 'what was heard could not be noted');
    }
  }

  async #toJournal(): Promise<void> {
    const { journal, log } = this.ports;
    try {
      for (const record of this.records) await journal.append({ kind: 'nonce', ...record });
      this.#records.clear();
      this.#inRun = 'stale';
    } catch (error) {
      log.debug({ err: ofHost(error) }, 'what was done from memory stays there');
    }
  }

  #knows(act: Act, nonce: string): boolean {
    return this.ports.journal.nonce(act)?.nonce === nonce || this.#records.get(act)?.nonce === nonce;
  }

  async #carryOut(act: ActWithoutDisk, isolated: boolean): Promise<'done' | 'failed'> {
    const { host, log, board } = this.ports;
    try {
      await carryOutWithoutDisk(act, host, isolated);
      return 'done';
    } catch (error) {
      const { code, message, remedy } = toFlotillaError(error);
      log.error({ act, code, err: error }, 'an act failed');
      board.failAct(act, { code, message, remedy });
      return 'failed';
    }
  }

  /** True when it is in /run. An outcome counts here in any case, a beginning only when it could be written. */
  async #mark(record: NonceRecord): Promise<boolean> {
    const before = this.#records.get(record.act);
    this.#records.set(record.act, record);
    try {
      await this.#save();
      return true;
    } catch (error) {
      this.ports.log.error({ act: record.act, err: ofHost(error) }, 'an act could not be marked in /run');
      this.#inRun = 'stale';
      if (record.state !== 'started') return false;
      if (before === undefined) this.#records.delete(record.act);
      else this.#records.set(record.act, before);
      return false;
    }
  }

  async #save(): Promise<void> {
    const { host, bootId } = this.ports;
    await host.makeDir(dir, 0o700);
    await host.writeAtomic(path, `${JSON.stringify({ bootId, records: [...this.#records.values()] })}\n`, 0o600);
    this.#inRun = 'marks';
  }

  async #load(): Promise<void> {
    const { host, bootId, log } = this.ports;
    const text = await host.read(path).catch((error: unknown) => {
      log.error({ err: ofHost(error) }, 'what was done from memory cannot be read');
    });
    if (text !== undefined) this.#inRun = 'stale';
    const records = parseMarks(text ?? '', bootId);
    if (records === undefined) return;
    for (const record of records) this.#records.set(record.act, { ...record, state: settleStarted(record, bootId) });
    this.#heard = true;
  }
}

/** After leaving. Harmless at any time, see {@link MemoryActs}. */
export async function removeMarks(host: Host): Promise<void> {
  await host.remove(path);
  await host.removeEmptyDir(dir);
}

function wantedWithoutDisk(maintenance: Maintenance | undefined): Wanted {
  return wantedNonces(maintenance).flatMap(([act, nonce]) => (isWithoutDisk(act) ? [[act, nonce] as const] : []));
}

/** Undefined when it is not of this boot, or cannot be read: then it counts as lost. */
function parseMarks(text: string, bootId: string): readonly NonceRecord[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('bootId' in value) || value.bootId !== bootId)
      return undefined;
    if (!('records' in value) || !Array.isArray(value.records)) return undefined;
    return value.records.every(isRecord) ? value.records : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is NonceRecord {
  if (typeof value !== 'object' || value === null) return false;
  if (!('act' in value && 'nonce' in value && 'state' in value && 'bootId' in value)) return false;
  const { act, nonce, state, bootId } = value;
  const known = typeof state === 'string' && (nonceOutcomes as readonly string[]).includes(state);
  return (
    known && typeof act === 'string' && isWithoutDisk(act) && typeof nonce === 'string' && typeof bootId === 'string'
  );
}

/** What the host refused; anything else is thrown on. */
function ofHost(error: unknown): FlotillaError {
  if (error instanceof FlotillaError) return error;
  throw error;
}

/** The error that says so; a disk that is full is not read-only. */
export function isReadOnlyDisk(error: unknown): boolean {
  return error instanceof FlotillaError && error.code === 'FILESYSTEM_READ_ONLY';
}
