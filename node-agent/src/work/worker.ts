import { FlotillaError, toFlotillaError, type Clock, type Logger, type Random } from '@flotilla/kit';
import { Bootstrap, MachineRole, MachineTarget, type ObservedState, type TargetSecrets } from '@flotilla/proto';
import { HostChanges } from '../host/changes.js';
import type { Host } from '../host/host.js';
import { kubeletHealthy } from '../host/kubelet.js';
import { installedVersion, observe } from '../observe/observed.js';
import type { Artifacts } from '../steps/install/artifacts.js';
import { joinPhases } from '../steps/phases.js';
import type { HostFacts, StepContext } from '../steps/step.js';
import { forgetRefusal, readSettingsRecord } from '../steps/kubelet-settings.js';
import { isIsolated } from '../steps/isolate/isolate.js';
import { otherVoters } from '../steps/leave/etcd.js';
import { carryOut } from './acts.js';
import type { Board } from './board.js';
import { deriveSteps, leaveSteps } from './derive.js';
import type { Journal } from './journal.js';
import { isReadOnlyDisk, MemoryActs } from './memory-acts.js';
import { beginJournal, dueNonces, settleAll, wantedNonces } from './nonces.js';
import type { WorkPort } from './port.js';
import { acts, type Act } from './journal-line.js';
import type { StepName, StepRegistry } from './registry.js';
import { Runner, type PassResult } from './runner.js';
import { compareTargets, parseTarget, type Acceptance, type TargetFile } from './target-file.js';

/** Looked at again this often even when nothing happens: a host changes behind our back. */
const resyncMs = 60_000;

export interface WorkerPorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly journal: Journal;
  readonly targets: TargetFile;
  readonly board: Board;
  readonly artifacts: Artifacts;
  readonly steps: StepRegistry;
  readonly stateDir: string;
  readonly bootId: string;
  readonly facts: () => Promise<HostFacts>;
  readonly clockSkewMs: () => number | undefined;
  /** Something was done to the host: what was found out about it before may not hold. */
  readonly onActed?: () => void;
}

/** Takes the host to its target: derives, runs, looks again. All state that counts is on disk. */
export class Worker implements WorkPort {
  readonly #runner: Runner;
  readonly #changes: HostChanges;
  readonly #memoryActs: MemoryActs;
  /** The newest target, while the disk is read-only and does not take it. */
  #unsaved: MachineTarget | undefined;
  #converged = false;
  #observedGeneration = 0n;
  #dirty = true;
  #settled = false;
  #wake: () => void = () => undefined;

  constructor(private readonly ports: WorkerPorts) {
    this.#runner = new Runner(ports);
    this.#changes = new HostChanges(ports.host, ports.journal, `${ports.stateDir}/backup`);
    this.#memoryActs = new MemoryActs(ports);
    ports.targets.onChange(() => this.#poke());
  }

  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      this.#dirty = false;
      const lookAgainMs = await this.#turn(signal).catch((error: unknown) => this.#broken(error));
      if (!this.#dirty && !signal.aborted) await this.#waitFor(lookAgainMs, signal);
    }
  }

  async accept(target: MachineTarget, secrets: TargetSecrets | undefined): Promise<Acceptance> {
    const { targets } = this.ports;
    if (compareTargets(targets.held, target) !== 'older') await this.#memoryActs.hear(parseTarget(target).maintenance);
    const acceptance = await targets.accept(target, secrets);
    if (acceptance !== 'older') this.#unsaved = undefined;
    if (acceptance === 'newer') {
      this.#converged = false;
      // What was parked under the old target may be possible under the new one.
      this.#runner.unpark();
      this.#forgetFailedAct();
      await this.ports.host.remove(this.#retiredPath);
      this.#poke();
    }
    return acceptance;
  }

  async acceptUnsaved(target: MachineTarget): Promise<void> {
    const { targets, log } = this.ports;
    if (compareTargets(this.#unsaved ?? targets.held, target) === 'older') return;
    try {
      await this.#memoryActs.hear(parseTarget(target).maintenance);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      log.error({ code: error.code, err: error }, 'the target is not obeyed from memory');
      return;
    }
    this.#unsaved = target;
    this.#poke();
  }

  /** A person says that the cause is gone. */
  retry(): void {
    this.#runner.unpark();
    this.#poke();
  }

  async retire(): Promise<void> {
    await this.ports.host.writeAtomic(this.#retiredPath, '{}\n', 0o600);
    this.#poke();
  }

  acknowledged(): { readonly epoch: bigint; readonly generation: bigint } {
    const held = this.ports.targets.held;
    return { epoch: held?.epoch ?? 0n, generation: held?.generation ?? 0n };
  }

  onChange(listener: (transition: boolean) => void): () => void {
    return this.ports.board.onChange(listener);
  }

  async observe(): Promise<ObservedState> {
    const { host, journal, board, stateDir, bootId } = this.ports;
    const membership = journal.membership();
    await this.#memoryActs.ready();
    return observe({
      host,
      stateDir,
      bootId,
      acknowledged: this.acknowledged(),
      observedGeneration: this.#observedGeneration,
      converged: this.#converged,
      clean: membership === undefined && journal.standing().length === 0,
      steps: board.reports(),
      nonces: [...journal.nonces, ...this.#memoryActs.records],
      membership,
      kubeletRunning: membership?.state === 'joined' && !this.isolated && (await kubeletHealthy(host)),
      isolated: this.isolated,
      templateRevision: await this.#templateRevision(),
    });
  }

  /** The kubelet is stopped by order of the control plane. */
  get isolated(): boolean {
    return isIsolated(this.ports.journal.standing());
  }

  /** True when no step is left for the target that is held. */
  get converged(): boolean {
    return this.#converged;
  }

  /** Of the settings the kubelet runs with; 0 while that is not known. */
  async #templateRevision(): Promise<number> {
    if (this.ports.journal.membership()?.state !== 'joined') return 0;
    return (await readSettingsRecord(this.ports))?.templateRevision ?? 0;
  }

  get #retiredPath(): string {
    return `${this.ports.stateDir}/retired.json`;
  }

  /** One look at everything; returns after how long to look again. */
  async #turn(signal: AbortSignal): Promise<number> {
    const { targets, journal, host, bootId } = this.ports;
    await this.#obeyUnsaved(signal);
    // Here and not once before the loop: a disk that cannot be written must not end the agent.
    if (!this.#settled) await settleAll(journal, bootId);
    this.#settled = true;
    const held = targets.held;
    if (held === undefined) return resyncMs;
    await beginJournal(journal, held.maintenance, bootId);
    await this.#memoryActs.handOver();
    const retired = await host.exists(this.#retiredPath);
    const target = retired
      ? MachineTarget.create({ epoch: held.epoch, generation: held.generation, role: MachineRole.NONE })
      : held;
    const context = await this.#context(target, signal);
    if (!retired) await this.#nonces(target, context);
    if (signal.aborted || this.#dirty) return 0;
    return this.#steps(target, context);
  }

  /** Before all that needs the disk. */
  async #obeyUnsaved(signal: AbortSignal): Promise<void> {
    const target = this.#unsaved;
    if (target === undefined || (await this.ports.host.exists(this.#retiredPath))) return;
    await this.#memoryActs.obey(target, this.isolated || target.maintenance?.isolated === true, signal);
  }

  async #steps(target: MachineTarget, context: StepContext): Promise<number> {
    const { journal, host, steps } = this.ports;
    const names = deriveSteps({
      target,
      membership: journal.membership(),
      changesStanding: journal.standing().length,
      installedVersion: await installedVersion(host),
      isolated: this.isolated,
    });
    this.#showAssignment(target);
    const result = await this.#runner.pass(
      names.map((name) => steps[name]),
      context,
      () => this.#dirty,
    );
    await this.#memoryActs.handOver();
    return this.#after(result, target, names.length > 0 && names[0] === leaveSteps[0]);
  }

  #after(result: PassResult, target: MachineTarget, left: boolean): number {
    const { board } = this.ports;
    if (result.kind === 'converged' && left) {
      // A clean host: what was shown of the old membership is over. A target that wants more is derived now.
      board.clear(...joinPhases.filter((phase) => phase !== 'enroll'));
      if (target.role !== MachineRole.NONE) this.#poke();
    }
    const converged = result.kind === 'converged' && !this.#dirty;
    const moved = converged !== this.#converged || target.generation !== this.#observedGeneration;
    this.#converged = converged;
    this.#observedGeneration = target.generation;
    if (moved) board.announce();
    return result.kind === 'held' ? (result.lookAgainAfterMs ?? resyncMs) : resyncMs;
  }

  #showAssignment(target: MachineTarget): void {
    const { board } = this.ports;
    if (target.role === MachineRole.NONE) {
      board.wait('assign', '', { code: 'SPARE', message: 'no pool has claimed this machine', remedy: '' });
      return;
    }
    board.bootstrapLabel = target.cluster?.bootstrap === Bootstrap.INIT ? 'init' : 'join';
    board.done('assign');
    // Passed before this process began: the membership is the proof.
    if (this.ports.journal.membership() !== undefined) board.done('preflight');
    board.note(
      'assign',
      `pool ${target.poolName}, cluster ${target.cluster?.name ?? ''}, Kubernetes ${target.kubernetesVersion}`,
    );
  }

  async #nonces(target: MachineTarget, context: StepContext): Promise<void> {
    const { journal, bootId, board, log } = this.ports;
    for (const [act, nonce] of dueNonces(wantedNonces(target.maintenance), (name) => journal.nonce(name))) {
      if (context.signal.aborted) return;
      if (this.#memoryActs.holdsBack(act, nonce)) continue;
      await journal.append({ kind: 'nonce', act, nonce, state: 'started', bootId });
      board.announce();
      log.info({ act, nonce }, 'carrying out');
      const state = await this.#carryOut(act, context);
      // A reboot is done when the boot id has changed, not when systemd took the order.
      if (act !== 'reboot' || state === 'failed') await journal.append({ kind: 'nonce', act, nonce, state, bootId });
      this.ports.onActed?.();
      board.announce();
    }
  }

  /** One act; what keeps it from being done is shown as maintenance until something else is. */
  async #carryOut(act: Act, context: StepContext): Promise<'done' | 'failed'> {
    const { host, board, log } = this.ports;
    this.#forgetFailedAct();
    try {
      await carryOut(act, {
        context,
        isolated: this.isolated,
        installedVersion: await installedVersion(host),
        unpark: async () => {
          this.#runner.unpark();
          await forgetRefusal(context);
        },
        mend: (names) => this.#mend(names, context),
        reset: () => this.#reset(context),
      });
      return 'done';
    } catch (error) {
      if (context.signal.aborted) throw error;
      const { code, message, remedy } = toFlotillaError(error);
      log.error({ act, code, err: error }, 'an act failed');
      // Leaving shows its own trouble.
      if (code !== 'RESET_UNFINISHED') board.failAct(act, { code, message, remedy });
      return 'failed';
    }
  }

  #forgetFailedAct(): void {
    const { board } = this.ports;
    const shown = board.view('maintenance')?.step ?? '';
    if ((acts as readonly string[]).includes(shown)) board.clear('maintenance');
  }

  async #mend(names: readonly StepName[], context: StepContext): Promise<void> {
    const { steps } = this.ports;
    await this.#runner.pass(
      names.map((name) => steps[name]),
      context,
      () => false,
    );
  }

  async #reset(context: StepContext): Promise<void> {
    const { steps, board, host } = this.ports;
    await expectReplaceable(host, context);
    const result = await this.#runner.pass(
      leaveSteps.map((name) => steps[name]),
      context,
      () => false,
    );
    if (result.kind !== 'converged')
      throw new FlotillaError('RESET_UNFINISHED', 'leaving could not be finished', { kind: 'unavailable' });
    board.clear(...joinPhases.filter((phase) => phase !== 'enroll'));
  }

  async #context(target: MachineTarget, signal: AbortSignal): Promise<StepContext> {
    const { host, journal, artifacts, targets, stateDir, clock, log, facts, clockSkewMs } = this.ports;
    return {
      host,
      changes: this.#changes,
      memory: journal,
      artifacts,
      target,
      secrets: targets.secrets,
      dropSecrets: () => targets.forgetSecrets(),
      facts: await facts(),
      clockSkewMs: clockSkewMs(),
      stateDir,
      clock,
      log,
      signal,
      progress: () => undefined,
    };
  }

  /** Something outside of any step failed (a disk that is full, a journal that cannot be written): told, and tried again. */
  #broken(error: unknown): number {
    const { code, message, remedy } = toFlotillaError(error);
    this.ports.log.error({ code, err: error }, 'the work could not go on');
    // The target was still saved, but its acts cannot be journalled.
    if (isReadOnlyDisk(error)) this.#unsaved ??= this.ports.targets.held;
    this.ports.board.fail('maintenance', 'work', [{ code, message, remedy }], 10_000);
    return 10_000;
  }

  #poke(): void {
    this.#dirty = true;
    this.#wake();
  }

  async #waitFor(durationMs: number, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    if (this.#dirty || signal.aborted) return;
    await this.ports.clock.sleep(durationMs, woken.signal).catch(() => undefined);
  }
}

/** A cluster must never be thrown away by a repair: what could not come back to it does not leave it. */
async function expectReplaceable(host: Host, { memory, target }: StepContext): Promise<void> {
  if (memory.membership()?.role !== 'control-plane') return;
  const others = await otherVoters(host);
  if (others !== undefined && others.length > 0 && target.cluster?.bootstrap === Bootstrap.JOIN) return;
  throw new FlotillaError(
    'RESET_REFUSED',
    others === undefined || others.length > 0
      ? 'this control-plane machine would not find its way back into the cluster'
      : 'this machine has the only copy of the cluster: resetting it would end the cluster',
    { kind: 'precondition', remedy: 'Add another control-plane machine first, then replace this one.' },
  );
}
