import type { Change } from '@flotilla/core';
import { RepairRung, RepairState, type SessionResponse } from '@flotilla/proto';
import { Violation } from '../world/kernel.js';
import type { Observer, World } from '../world/world.js';
import { AgentChecks } from './agents.js';
import { checkBreakers, checkBudget, checkHolds, checkQuorum } from './breakers.js';
import { checkEffect } from './effects.js';
import { SuspectChecks } from './feed.js';
import { checkGrace, checkOncePerHour, checkPolicy, checkUnharmed } from './harm.js';
import { Model, type Decision } from './model.js';
import { SessionChecks } from './sessions.js';
import { Truth } from './truth.js';

/** How a run went, for tests that want to know what did and did not happen. */
export interface Happened {
  readonly decisions: {
    readonly atMs: number;
    readonly machine: string;
    readonly rung: string;
    readonly cause: string;
  }[];
  readonly releases: { readonly atMs: number; readonly machine: string; readonly reason: string }[];
  readonly claims: { readonly atMs: number; readonly machine: string; readonly pool: string }[];
  readonly acts: { readonly atMs: number; readonly machine: string; readonly act: string }[];
  readonly apiWrites: { readonly atMs: number; readonly node: string; readonly act: string }[];
  readonly events: {
    readonly atMs: number;
    readonly subject: string;
    readonly reason: string;
    readonly message: string;
  }[];
}

const busyWindowMs = 10_000;

/** Every invariant, told of everything; and the transcript. */
export class Checks implements Observer {
  readonly model = new Model();
  /** Names of every node there was, by id. */
  readonly seen = new Map<string, string>();
  readonly truth: Truth;
  readonly happened: Happened = { decisions: [], releases: [], claims: [], acts: [], apiWrites: [], events: [] };
  readonly #agents: AgentChecks;
  readonly #sessions: SessionChecks;
  readonly #suspects: SuspectChecks;
  #revision = 0;
  #window = { sinceMs: 0, steps: 0 };

  constructor(private readonly world: World) {
    this.truth = new Truth(world);
    this.#agents = new AgentChecks(this.model);
    this.#sessions = new SessionChecks(world, this.model);
    this.#suspects = new SuspectChecks(world);
  }

  /** A rule that is broken inside the code under test must not be caught by it. */
  #guard(check: () => void): void {
    try {
      check();
    } catch (error) {
      this.world.kernel.fail(error);
    }
  }

  commit(
    changes: readonly Change[],
    options: { readonly owner: string },
    committed: { readonly revision: number },
  ): void {
    this.#guard(() => {
      if (committed.revision < this.#revision)
        throw new Violation('I16', `revision ${committed.revision} after ${this.#revision}`);
      this.#revision = committed.revision;
      const decisions = this.model.decisions(changes);
      const scopes = changes.filter(({ kind }) => kind === 'scope.health');
      this.model.take(scopes, this.world.nowMs);
      for (const decision of decisions) this.#decided(decision);
      this.#twoRuns(changes);
      this.model.take(changes, this.world.nowMs);
      for (const change of changes) this.#note(change, options.owner);
    });
  }

  #decided(decision: Decision): void {
    const { world, model, truth, happened } = this;
    const { node, repair } = decision;
    const rung = RepairRung[repair.rung] ?? '';
    happened.decisions.push({ atMs: world.nowMs, machine: node.node.machineName, rung, cause: repair.cause });
    world.kernel.log(
      `DECIDED ${node.node.machineName}: ${rung} try ${repair.attempt} for ${repair.cause} (${repair.id})`,
    );
    checkUnharmed(decision, world, truth);
    checkGrace(decision, world, truth);
    checkPolicy(decision, model, world.wallMs);
    checkHolds(decision, model);
    checkBreakers(decision, model, world, truth);
    checkBudget(decision, model);
    checkQuorum(decision, model, world);
    checkOncePerHour(decision);
  }

  /** I13: one run at a time on a node. */
  #twoRuns(changes: readonly Change[]): void {
    for (const change of changes) {
      if (change.kind !== 'repair.open') continue;
      const live = this.model.nodes.get(change.repair.nodeId)?.repair;
      if (live !== undefined && live.endedAtMs === undefined && live.state === RepairState.RUNNING)
        throw new Violation('I13', `a second run of the ladder was opened on ${change.repair.nodeId}`);
    }
  }

  #note(change: Change, owner: string): void {
    const { world, happened } = this;
    const atMs = world.nowMs;
    const nameOf = (nodeId: string): string => this.model.nodes.get(nodeId)?.node.machineName ?? nodeId;
    switch (change.kind) {
      case 'event.append': {
        const { resourceId, reason, message } = change.event;
        happened.events.push({ atMs, subject: resourceId, reason, message });
        world.kernel.log(`event ${resourceId} ${reason}: ${message.slice(0, 200)}`);
        return;
      }
      case 'node.claim':
        this.seen.set(change.node.id, change.node.machineName);
        happened.claims.push({ atMs, machine: change.node.machineName, pool: change.node.poolName });
        world.kernel.log(`CLAIMED ${change.node.machineName} for ${change.node.poolName}`);
        return;
      case 'node.release':
      case 'node.remove':
        happened.releases.push({ atMs, machine: nameOf(change.nodeId), reason: change.removal.reason });
        world.kernel.log(`RELEASED ${nameOf(change.nodeId)} by ${owner}: ${change.removal.reason}`);
        return;
      default:
        return;
    }
  }

  push(machine: Parameters<NonNullable<Observer['push']>>[0], message: SessionResponse): void {
    this.#guard(() => {
      if (message.message?.$case === 'welcome') this.#sessions.welcome(message.message.value.sessionEpoch);
      this.#agents.push(machine, message, this.world.server?.epoch);
    });
  }

  act(machine: Parameters<NonNullable<Observer['act']>>[0], act: Parameters<NonNullable<Observer['act']>>[1]): void {
    this.happened.acts.push({ atMs: this.world.nowMs, machine: machine.name, act });
    this.#guard(() => this.#agents.act(machine, act));
  }

  apiWrite(write: Parameters<NonNullable<Observer['apiWrite']>>[0]): void {
    this.happened.apiWrites.push({ atMs: this.world.nowMs, node: write.nodeName, act: write.act });
    this.world.kernel.log(`API ${write.act} ${write.nodeName}`);
    this.#guard(() => checkEffect(write, this.model));
  }

  journalLine(machine: Parameters<NonNullable<Observer['journalLine']>>[0], line: string): void {
    this.#guard(() => this.#agents.journalLine(machine, line));
  }

  targetFile(machine: Parameters<NonNullable<Observer['targetFile']>>[0], text: string): void {
    this.#guard(() => this.#agents.targetFile(machine, text));
  }

  serverStarted(): void {
    this.ownTrouble('the start of the control plane');
    this.world.kernel.log(`the control plane starts with epoch ${this.world.server?.epoch ?? 0}`);
  }

  /** Whoever looks again each millisecond at what does not change burns a core for as long as it does not. */
  #busy(): void {
    const { nowMs, kernel, machines } = this.world;
    if (nowMs - this.#window.sinceMs >= busyWindowMs) this.#window = { sinceMs: nowMs, steps: kernel.steps };
    const steps = kernel.steps - this.#window.steps;
    if (steps > 3_000 + 300 * machines.size)
      throw new Violation('busy-loop', `${steps} events within ${Math.round(nowMs - this.#window.sinceMs)} ms`);
  }

  /** An outage of ours is over at this moment. */
  ownTrouble(what: string): void {
    this.truth.ownTrouble = what;
    this.truth.ownTroubleEndedMs = this.world.nowMs;
  }

  event(): void {
    this.#guard(() => this.#busy());
    this.truth.look();
    this.#sessions.look();
    this.#suspects.look();
  }
}
