import type { CommitNotice, Dispatch, Engine, MachineRecord, Store } from '@flotilla/core';
import { FlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import {
  EventSeverity,
  MachineState,
  SessionState,
  type Heartbeat,
  type Hello,
  type MachineFacts,
  type ObservedState,
} from '@flotilla/proto';
import { AgentSession, type SessionEvents } from './agent-session.js';
import type { AgentPeer, AgentStream } from './contract.js';
import { Dispatcher } from './dispatch.js';
import type { Intake } from './intake.js';
import { takeOver, type IdentityCheck } from './ownership.js';
import { refusals } from './refusals.js';
import { Rounds } from './rounds.js';
import type { SessionTable, TableEntry } from './table.js';

/** The one version of the session protocol there is. */
const protocol = 1;

export interface SessionParts {
  readonly store: Pick<Store, 'read' | 'commit' | 'instance' | 'onCommit'>;
  readonly engine: Pick<Engine, 'pushFor' | 'wake'>;
  readonly table: SessionTable;
  readonly intake: Intake;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Cuts sane what a host says of itself. */
  readonly parseFacts: (facts: MachineFacts) => MachineFacts;
  /** Whether the answer to a challenge proves the identity key. */
  readonly identity: IdentityCheck;
}

/** What is said when a session moves to a state. */
const stateEvents: Partial<Readonly<Record<SessionState, readonly [EventSeverity, string]>>> = {
  [SessionState.CONNECTED]: [EventSeverity.NORMAL, 'AgentHeardAgain'],
  [SessionState.SILENT]: [EventSeverity.WARNING, 'AgentSilent'],
  [SessionState.DISCONNECTED]: [EventSeverity.WARNING, 'AgentDisconnected'],
};

/** All sessions of this process: who owns which machine, what is sent to it, and when it counts as silent. */
export class Sessions implements SessionEvents, Dispatch {
  readonly #owners = new Map<string, AgentSession>();
  /** One at a time per machine decides who owns it. */
  readonly #deciding = new Map<string, Promise<unknown>>();
  #sessionEpoch: bigint;
  #stopping = false;

  constructor(private readonly parts: SessionParts) {
    // Above every session of earlier starts, because the server's epoch rises.
    this.#sessionEpoch = BigInt(parts.store.instance.epoch) * 1_000_000n;
  }

  /** Serves one stream until it ends. */
  async accept(stream: AgentStream, peer: AgentPeer): Promise<void> {
    const session = new AgentSession(peer.machineId, peer.remoteAddress, stream, this.parts, this);
    const hello = await session.awaitHello();
    if (hello === undefined) return;
    const machine = await this.#admit(session, peer, hello);
    if (machine !== undefined) {
      await this.#decide(peer.machineId, () => this.#own(session, hello, machine));
    }
    await session.closed;
    session.dispatcher?.stop();
    this.#ended(session);
  }

  /** The target or its secrets changed: look what must be sent. */
  wake(machineId: string): void {
    const session = this.#owners.get(machineId);
    if (session !== undefined && !session.limited) session.dispatcher?.wake();
  }

  /** Watches for silence, sends again what was not acknowledged, and notes "last seen" in small portions. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, store } = this.parts;
    const stop = store.onCommit((notice) => this.#onCommit(notice));
    const rounds = new Rounds();
    try {
      while (!signal.aborted) {
        await clock.sleep(1000, signal).catch(() => undefined);
        if (signal.aborted) break;
        this.#sweep();
        const due = rounds.next(clock.now().monotonicMs, () => this.#owners.keys());
        for (const machineId of due) this.#checkpoint(machineId);
      }
    } finally {
      stop();
    }
    this.#dismissAll();
  }

  heartbeat(session: AgentSession, beat: Heartbeat, first: boolean): void {
    const entry = this.#heard(session);
    this.parts.table.beat(entry);
    const flipped = this.parts.table.probes(entry, beat.probes, first);
    session.dispatcher?.acknowledged({ epoch: beat.acknowledgedEpoch, generation: beat.acknowledgedGeneration });
    if (flipped) this.parts.engine.wake(`machine:${session.machineId}`);
  }

  report(session: AgentSession, observed: ObservedState): void {
    this.#heard(session);
    if (session.limited) return;
    session.dispatcher?.acknowledged({
      epoch: observed.acknowledgedEpoch,
      generation: observed.acknowledgedGeneration,
    });
    this.parts.intake.put({ kind: 'machine.observe', machineId: session.machineId, observed });
  }

  inventory(session: AgentSession, facts: MachineFacts): void {
    this.#heard(session);
    if (session.limited) return;
    this.parts.intake.put({
      kind: 'machine.inventory',
      machineId: session.machineId,
      facts: this.parts.parseFacts(facts),
    });
  }

  goodbye(session: AgentSession): void {
    this.#heard(session);
    session.end();
  }

  /** Refuses who may have no session; else the machine's record. */
  async #admit(session: AgentSession, peer: AgentPeer, hello: Hello): Promise<MachineRecord | undefined> {
    const machine = await this.parts.store.read.machine(peer.machineId);
    if (machine === undefined) session.refuse(refusals.unknown);
    else if (machine.status.state === MachineState.RETIRED || peer.state === 'revoked')
      session.refuse(refusals.retired);
    else if (hello.protocolMin > protocol || hello.protocolMax < protocol) session.refuse(refusals.protocol);
    else if (hello.highestEpoch > BigInt(this.parts.store.instance.epoch)) session.refuse(refusals.epochTooOld);
    else if (this.#stopping)
      session.send({ $case: 'reconnect', value: { after: { seconds: 2n, nanos: 0 }, reason: 'the server restarts' } });
    else return machine;
    session.end();
    return undefined;
  }

  /** Makes the session the owner of its machine, unless the one before is alive and another one. */
  async #own(session: AgentSession, hello: Hello, machine: MachineRecord): Promise<void> {
    const verdict = await takeOver(this.#owners.get(machine.id), session, machine, this.parts);
    if (verdict !== 'owner' || !session.isOpen) return;
    const { table, store, clock, engine, intake } = this.parts;
    this.#sessionEpoch += 1n;
    this.#owners.set(machine.id, session);
    session.entry = table.open(machine.id, session.remoteAddress);
    session.dispatcher = new Dispatcher(machine.id, {
      ...this.parts,
      send: (push) => void session.send({ $case: 'target', value: push }),
    });
    session.send({
      $case: 'welcome',
      value: {
        protocol,
        sessionEpoch: this.#sessionEpoch,
        serverEpoch: BigInt(store.instance.epoch),
        instanceId: store.instance.instanceId,
        heartbeatInterval: {
          seconds: BigInt(Math.floor(table.heartbeatIntervalMs / 1000)),
          nanos: (table.heartbeatIntervalMs % 1000) * 1_000_000,
        },
        serverTime: new Date(clock.now().wallMs),
      },
    });
    this.#presence(session.entry);
    this.#event(
      machine.id,
      EventSeverity.NORMAL,
      'AgentConnected',
      `The agent ${hello.agentVersion} connected from ${session.remoteAddress}.`,
    );
    if (hello.observed !== undefined) {
      const { acknowledgedEpoch: epoch, acknowledgedGeneration: generation } = hello.observed;
      session.dispatcher.acknowledged({ epoch, generation });
      intake.put({ kind: 'machine.observe', machineId: machine.id, observed: hello.observed });
    }
    engine.wake(`machine:${machine.id}`);
    session.dispatcher.wake();
  }

  async #decide(machineId: string, work: () => Promise<void>): Promise<void> {
    const before = this.#deciding.get(machineId) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#deciding.set(machineId, mine);
    try {
      await mine;
    } finally {
      if (this.#deciding.get(machineId) === mine) this.#deciding.delete(machineId);
    }
  }

  #heard(session: AgentSession): TableEntry {
    const { entry } = session;
    if (entry === undefined) throw new FlotillaError('INTERNAL', 'a session without an entry was heard');
    this.parts.table.heard(entry);
    if (entry.state !== SessionState.CONNECTED) this.#refresh(entry, 'The agent is heard again.');
    return entry;
  }

  #ended(session: AgentSession): void {
    if (this.#owners.get(session.machineId) === session) this.#owners.delete(session.machineId);
    const { entry } = session;
    if (entry === undefined || !this.parts.table.close(entry)) return;
    const why = session.goodbyeReason === '' ? 'without a goodbye' : `saying: ${session.goodbyeReason}`;
    this.#refresh(entry, `The session from ${session.remoteAddress} ended ${why}.`);
  }

  #sweep(): void {
    const { table, clock } = this.parts;
    const nowMs = clock.now().monotonicMs;
    for (const entry of table.entries()) {
      const seconds = ((nowMs - entry.lastHeardMs) / 1000).toFixed(1);
      this.#refresh(entry, `No heartbeat for ${seconds} s; last from ${entry.remoteAddress}.`);
      if (entry.state === SessionState.DISCONNECTED) table.forget(entry);
    }
    for (const { dispatcher, limited } of this.#owners.values())
      if (dispatcher?.overdue === true && !limited) dispatcher.wake();
  }

  /** Tells store, journal and engine when the state of a machine's session moved. */
  #refresh(entry: TableEntry, message: string): void {
    if (!this.parts.table.refresh(entry)) return;
    this.#presence(entry);
    // When we stop, the agents did nothing that is worth an event.
    if (this.#stopping) return;
    const [severity, reason] = stateEvents[entry.state] ?? [EventSeverity.NORMAL, 'SessionChanged'];
    this.#event(entry.machineId, severity, reason, message);
    this.parts.engine.wake(`machine:${entry.machineId}`);
  }

  #checkpoint(machineId: string): void {
    const entry = this.#owners.get(machineId)?.entry;
    if (entry !== undefined) this.#presence(entry);
  }

  #presence({ machineId, state, lastHeardWallMs, remoteAddress }: TableEntry): void {
    this.parts.intake.put({
      kind: 'machine.presence',
      machineId,
      session: state,
      lastSeenAtMs: lastHeardWallMs,
      remoteAddress,
    });
  }

  #event(machineId: string, severity: EventSeverity, reason: string, message: string): void {
    this.parts.intake.event({
      resourceKind: 'machine',
      resourceId: machineId,
      severity,
      category: 'Session',
      reason,
      message,
    });
  }

  /** A retired machine is told at once, and its stream cut. */
  #onCommit(notice: CommitNotice): void {
    if (!notice.kinds.includes('machine.retire')) return;
    for (const { kind, id } of notice.touched) {
      const session = kind === 'machine' ? this.#owners.get(id) : undefined;
      if (session !== undefined) void this.#cutIfRetired(session);
    }
  }

  async #cutIfRetired(session: AgentSession): Promise<void> {
    try {
      const machine = await this.parts.store.read.machine(session.machineId);
      if (machine?.status.state === MachineState.RETIRED) session.refuse(refusals.retired);
    } catch (error) {
      // Rather one session too few than a revoked machine too many.
      this.parts.log.warn(
        { machineId: session.machineId, err: String(error) },
        'a session was ended: its machine could not be read',
      );
      session.end();
    }
  }

  /** Asks every agent to come back, not all in the same second. */
  #dismissAll(): void {
    this.#stopping = true;
    // About 300 full handshakes a second are comfortable.
    const spreadMs = Math.max(1000, (this.#owners.size / 300) * 1000);
    for (const session of this.#owners.values()) {
      const afterMs = 500 + Math.floor(this.parts.random.fraction() * spreadMs);
      const after = { seconds: BigInt(Math.floor(afterMs / 1000)), nanos: (afterMs % 1000) * 1_000_000 };
      session.send({ $case: 'reconnect', value: { after, reason: 'the server stops or restarts' } });
      session.end();
    }
  }
}
