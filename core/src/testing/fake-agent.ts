import {
  Bootstrap,
  MachineRole,
  NonceReport,
  NonceState,
  ObservedState,
  StepReport,
  StepState,
  type Membership,
  type MachineTarget,
  type Probe,
  type TargetPush,
} from '@flotilla/proto';
import { readyCondition } from './fake-objects.js';
import type { FakeKubernetes } from './fake-kubernetes.js';

const before = ['preflight', 'prepare-host', 'install-runtime', 'install-kubernetes', 'load-images'];

export interface AgentHost {
  readonly kubernetes: FakeKubernetes;
  readonly nowMs: () => number;
  report(observed: ObservedState): Promise<void>;
}

/** An agent that does one phase at each step, keeps what it did across restarts of the server, and never does one twice. */
export class FakeAgent {
  /** Every act on the host, in order: nothing may be in here twice for one membership. */
  readonly acts: string[] = [];
  /** Phases that fail for good, with their problem. */
  readonly parks = new Map<string, { code: string; message: string; remedy: string }>();
  readonly tokensSeen = new Set<string>();
  /** What its heartbeats say; set by a test. */
  probes: readonly Probe[] = [];
  /** What an act does to the host, by name (`restart-kubelet`, `reboot`, …): a cure, or nothing. */
  readonly cures = new Map<string, () => void>();
  /** How an act ends instead of being done, by name. */
  readonly failures = new Map<string, NonceState>();
  isolated = false;
  #held = false;
  #boots = 0;
  #templateRevision = 0n;
  readonly #nonces = new Map<string, NonceReport>();
  membership: Membership | undefined;
  #done = new Set<string>();
  #credentials: ObservedState['credentials'];
  #push: TargetPush | undefined;
  #observedGeneration = 0n;
  #reported = '';

  constructor(
    readonly machineId: string,
    readonly name: string,
    private readonly host: AgentHost,
  ) {}

  /** The newest target and its secrets; an older one is refused. */
  receive(push: TargetPush): void {
    const key = (t: MachineTarget | undefined): [bigint, bigint] => [t?.epoch ?? 0n, t?.generation ?? 0n];
    const [epoch, generation] = key(push.target);
    const [heldEpoch, heldGeneration] = key(this.#push?.target);
    if (epoch < heldEpoch || (epoch === heldEpoch && generation < heldGeneration))
      throw new Error(`${this.name}: older target`);
    this.#push = push;
    if (push.secrets?.bootstrapToken) this.tokensSeen.add(push.secrets.bootstrapToken);
  }

  /** Another boot: the kubelet comes back with it. */
  boot(): void {
    this.#boots += 1;
    if (this.membership !== undefined && !this.isolated) {
      this.host.kubernetes.startKubelet(this.membership.nodeName, this.host.nowMs());
    }
  }

  /** It does nothing more until it goes on: slow, not dead. */
  hold(): void {
    this.#held = true;
  }

  goOn(): void {
    this.#held = false;
  }

  /** Does the next thing and reports; false when there is nothing to do. */
  async step(): Promise<boolean> {
    const target = this.#push?.target;
    if (target === undefined || this.#held) return false;
    const acted = this.#act(target);
    const observed = this.#observe(target);
    const text = JSON.stringify(ObservedState.toJSON(observed));
    if (text === this.#reported) return acted;
    this.#reported = text;
    await this.host.report(observed);
    return true;
  }

  #act(target: MachineTarget): boolean {
    if (target.role === MachineRole.NONE) return this.#leave();
    if (target.maintenance?.isolated === true) return this.#isolate();
    return this.#spendNonce(target) || this.#work(target) || this.#takeSettings(target);
  }

  #isolate(): boolean {
    if (this.isolated) return false;
    this.acts.push('isolate');
    this.isolated = true;
    this.host.kubernetes.stopKubelet(this.name);
    return true;
  }

  /** One-shot acts, each name at most once. */
  #spendNonce({ maintenance }: MachineTarget): boolean {
    const asked: readonly [string, string][] = [
      ['reboot', maintenance?.rebootNonce ?? ''],
      ['restart-kubelet', maintenance?.restartKubeletNonce ?? ''],
      ['restart-runtime', maintenance?.restartRuntimeNonce ?? ''],
      ['renew-certificates', maintenance?.renewCertificatesNonce ?? ''],
      ['free-disk', maintenance?.freeDiskNonce ?? ''],
      ['reset', maintenance?.resetNonce ?? ''],
    ];
    const next = asked.find(([act, nonce]) => nonce !== '' && this.#nonces.get(act)?.nonce !== nonce);
    if (next === undefined) return false;
    const [act, nonce] = next;
    this.acts.push(`${act} ${nonce}`);
    const state = this.failures.get(act) ?? NonceState.DONE;
    this.#nonces.set(act, NonceReport.create({ act, nonce, state }));
    if (state !== NonceState.DONE) return true;
    if (act === 'reboot') this.boot();
    if (act === 'reset') {
      this.#done = new Set();
      this.membership = undefined;
    }
    this.cures.get(act)?.();
    return true;
  }

  /** Kubelet settings of a newer revision of the template; `parks.get('settings')` makes it impossible. */
  #takeSettings(target: MachineTarget): boolean {
    const joined = this.#phases(target).every((phase) => this.#done.has(phase));
    if (!joined || this.#templateRevision === target.templateRevision || this.parks.has('settings')) return false;
    if (this.#templateRevision !== 0n) this.acts.push(`settings r${target.templateRevision}`);
    this.#templateRevision = target.templateRevision;
    return true;
  }

  #phases(target: MachineTarget): string[] {
    return [...before, target.cluster?.bootstrap === Bootstrap.INIT ? 'init' : 'join'];
  }

  #work(target: MachineTarget): boolean {
    const next = this.#phases(target).find((phase) => !this.#done.has(phase));
    if (next === undefined || this.parks.has(next)) return false;
    if (next === 'join' && !this.#mayJoin(target)) return false;
    this.acts.push(next);
    this.#done.add(next);
    if (next === 'init' || next === 'join') this.#register(target, next === 'init');
    return true;
  }

  #mayJoin(target: MachineTarget): boolean {
    const token = this.#push?.secrets?.bootstrapToken ?? '';
    const hashes = target.cluster?.caCertHashes ?? [];
    return hashes.length > 0 && token !== '' && this.host.kubernetes.acceptsToken(token, this.host.nowMs());
  }

  #register(target: MachineTarget, initialises: boolean): void {
    this.membership = {
      role: target.role,
      clusterId: target.cluster?.id ?? '',
      nodeName: target.nodeName,
      kubeletVersion: target.kubernetesVersion,
      containerRuntime: 'containerd://2.2.9',
      kubeletRunning: true,
    };
    if (initialises) {
      const pem = (what: string): string => `-----BEGIN CERTIFICATE-----\n${what}\n-----END CERTIFICATE-----\n`;
      this.#credentials = {
        caCertificate: pem('ca'),
        caCertHash: `sha256:${'a'.repeat(64)}`,
        clientCertificate: pem('client'),
      };
      this.host.kubernetes.setUp(true);
    }
    this.host.kubernetes.startKubelet(target.nodeName, this.host.nowMs());
    this.host.kubernetes.renewLease(target.nodeName, this.host.nowMs());
    this.host.kubernetes.putNode(target.nodeName, {
      providerId: target.providerId,
      labels: target.labels,
      addresses: [{ type: 'InternalIP', address: '10.0.0.10' }],
      conditions: [readyCondition(this.host.kubernetes.hasNetwork)],
    });
  }

  #leave(): boolean {
    if (this.#done.size === 0 && this.membership === undefined && !this.isolated) return false;
    this.acts.push('leave');
    this.#done = new Set();
    this.membership = undefined;
    this.#credentials = undefined;
    this.#templateRevision = 0n;
    this.isolated = false;
    this.host.kubernetes.stopKubelet(this.name);
    return true;
  }

  #observe(target: MachineTarget): ObservedState {
    const phases = target.role === MachineRole.NONE ? [] : this.#phases(target);
    const next = phases.find((phase) => !this.#done.has(phase));
    const steps = phases.map((phase) => {
      const park = this.parks.get(phase);
      const state = this.#done.has(phase)
        ? StepState.DONE
        : phase !== next
          ? StepState.WAITING
          : park === undefined
            ? StepState.RUNNING
            : StepState.PARKED;
      return StepReport.create({
        phase,
        state,
        attempt: 1,
        problems: state === StepState.PARKED && park ? [park] : [],
      });
    });
    const blocked = this.parks.get('settings');
    if (blocked !== undefined && next === undefined && this.#templateRevision !== target.templateRevision) {
      steps.push(StepReport.create({ phase: 'maintenance', state: StepState.PARKED, attempt: 1, problems: [blocked] }));
    }
    // As the real one: the generation counts as observed once a pass over all of its steps has ended.
    const running = next !== undefined && next !== 'join' && !this.parks.has(next);
    if (!running) this.#observedGeneration = target.generation;
    return ObservedState.create({
      acknowledgedEpoch: target.epoch,
      acknowledgedGeneration: target.generation,
      observedGeneration: this.#observedGeneration,
      converged: next === undefined && (target.role !== MachineRole.NONE || this.membership === undefined),
      steps,
      bootId: `boot-${this.#boots}`,
      nonces: [...this.#nonces.values()],
      templateRevision: this.#templateRevision,
      isolated: this.isolated,
      clean: this.#done.size === 0 && this.membership === undefined,
      membership: this.membership,
      credentials: this.#credentials,
    });
  }
}
