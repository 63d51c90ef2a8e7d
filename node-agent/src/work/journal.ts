import type { Clock } from '@flotilla/kit';
import type { Change, ChangeLog, RecordedChange } from '../host/changes.js';
import type { Host } from '../host/host.js';
import type { MembershipRecord, WorkMemory } from '../steps/step.js';
import { parseJournal, type Act, type JournalEntry, type JournalLine, type NonceOutcome } from './journal-line.js';

const compactAboveBytes = 512 * 1024;

export interface NonceRecord {
  readonly act: Act;
  readonly nonce: string;
  readonly state: NonceOutcome;
  readonly bootId: string;
}

/**
 * Append-only memory of what cannot be observed on the host: spent nonces, changes made, what was cut short. A line is
 * on disk before the act it announces.
 */
export class Journal implements ChangeLog, WorkMemory {
  #next = 1;
  #changeId = 0;
  readonly #changes = new Map<number, Change>();
  readonly #nonces = new Map<Act, NonceRecord>();
  readonly #doneKeys = new Map<string, string>();
  readonly #started = new Set<string>();
  #membership: MembershipRecord | undefined;
  #tail: Promise<void> = Promise.resolve();
  #empty = true;
  #doubtful = false;

  private constructor(
    private readonly host: Host,
    private readonly path: string,
    private readonly clock: Clock,
  ) {}

  /** Throws `JOURNAL_DAMAGED` rather than to forget what was changed. */
  static async open(host: Host, path: string, clock: Clock): Promise<Journal> {
    const journal = new Journal(host, path, clock);
    const text = (await host.read(path)) ?? '';
    const { lines, sound } = parseJournal(text);
    for (const line of lines) journal.#fold(line);
    if (sound !== text) await host.writeAtomic(path, sound, 0o600);
    if (sound.length > compactAboveBytes) await journal.#compact();
    return journal;
  }

  /** True until the first target was taken in: a new installation, or a journal that was lost. */
  get isEmpty(): boolean {
    return this.#empty;
  }

  /** Durable when it returns. Lines are written one after the other, in the order of the calls. */
  append(entry: JournalEntry): Promise<void> {
    return this.#write(() => entry);
  }

  /** The entry is made when its turn comes: what it is numbered by may still change before. */
  #write(entry: () => JournalEntry): Promise<void> {
    const write = this.#tail.then(async () => {
      if (this.#doubtful) await this.#reread();
      const line: JournalLine = { n: this.#next, at: new Date(this.clock.now().wallMs).toISOString(), ...entry() };
      // A write that failed may have left a part of the line, or all of it: the file is read again before the next one.
      this.#doubtful = true;
      await this.host.append(this.path, `${JSON.stringify(line)}\n`, 0o600);
      this.#doubtful = false;
      this.#fold(line);
    });
    this.#tail = write.catch(() => undefined);
    return write;
  }

  async record(change: Change): Promise<void> {
    await this.#write(() => ({ kind: 'change', id: this.#changeId + 1, change }));
  }

  async undone(id: number): Promise<void> {
    await this.append({ kind: 'undone', id });
  }

  standing(): readonly RecordedChange[] {
    return [...this.#changes].map(([id, change]) => ({ id, change }));
  }

  membership(): MembershipRecord | undefined {
    return this.#membership;
  }

  async setMembership(record: MembershipRecord | undefined): Promise<void> {
    await this.append({ kind: 'membership', membership: record ?? null });
  }

  doneUnder(step: string, key: string): boolean {
    return this.#doneKeys.get(step) === key;
  }

  /** Steps whose last line says started: cut short by a crash. */
  get cutShort(): readonly string[] {
    return [...this.#started];
  }

  nonce(act: Act): NonceRecord | undefined {
    return this.#nonces.get(act);
  }

  get nonces(): readonly NonceRecord[] {
    return [...this.#nonces.values()];
  }

  #fold(line: JournalLine): void {
    this.#next = line.n + 1;
    switch (line.kind) {
      case 'begun':
        this.#empty = false;
        return;
      case 'step':
        if (line.state === 'started') this.#started.add(line.step);
        else this.#started.delete(line.step);
        if (line.state === 'done' && line.key !== undefined) this.#doneKeys.set(line.step, line.key);
        return;
      case 'change':
        this.#changes.set(line.id, line.change);
        this.#changeId = Math.max(this.#changeId, line.id);
        return;
      case 'undone':
        this.#changes.delete(line.id);
        return;
      case 'nonce':
        this.#nonces.set(line.act, { act: line.act, nonce: line.nonce, state: line.state, bootId: line.bootId });
        return;
      case 'membership':
        this.#membership = line.membership ?? undefined;
        // After leaving, what was found out for the old membership has to be found out anew.
        if (line.membership === null) this.#doneKeys.clear();
        return;
    }
  }

  async #reread(): Promise<void> {
    const text = (await this.host.read(this.path)) ?? '';
    const { lines, sound } = parseJournal(text);
    for (const line of lines) if (line.n >= this.#next) this.#fold(line);
    if (sound !== text) await this.host.writeAtomic(this.path, sound, 0o600);
    this.#doubtful = false;
  }

  /** Writes anew only what still counts. */
  async #compact(): Promise<void> {
    const entries: JournalEntry[] = [
      { kind: 'begun' },
      { kind: 'membership', membership: this.#membership ?? null },
      ...this.standing().map(({ id, change }): JournalEntry => ({ kind: 'change', id, change })),
      ...this.nonces.map((nonce): JournalEntry => ({ kind: 'nonce', ...nonce })),
      ...[...this.#doneKeys].map(([step, key]): JournalEntry => ({ kind: 'step', step, state: 'done', key })),
      ...this.cutShort.map((step): JournalEntry => ({ kind: 'step', step, state: 'started' })),
    ];
    const at = new Date(this.clock.now().wallMs).toISOString();
    const first = this.#next;
    const text = entries.map((entry, index) => `${JSON.stringify({ n: first + index, at, ...entry })}\n`).join('');
    await this.host.writeAtomic(this.path, text, 0o600);
    this.#next = first + entries.length;
  }
}
