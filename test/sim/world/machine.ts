import { FakeCrash, FakeMachine, type FakeHost, type HttpAnswer, type RunResult } from '@flotilla/node-agent/testing';
import { FlotillaError, silentLogger, type Random } from '@flotilla/kit';
import type { SimApiServer } from './api-server.js';
import type { Chaos } from './chaos.js';
import { processClock } from './clock.js';
import { Process, type Kernel } from './kernel.js';
import type { Network, Way } from './net.js';
import { faultyDisk, heldTarget, targetPath, type Registration } from './machine-files.js';
import type { Connection } from './streams.js';

/** What a machine does that others may care about. */
export type HostAct =
  'restart-kubelet' | 'stop-kubelet' | 'restart-runtime' | 'reboot' | 'kubeadm-reset' | 'kubeadm-join' | 'kubeadm-init';

export interface MachineWorld {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly chaos: Chaos;
  readonly api: SimApiServer;
  /** The API server whose endpoint this is; undefined when there is none yet. */
  apiAt(endpoint: string): SimApiServer | undefined;
  connect(machine: SimMachine, process: Process): Promise<Connection>;
  onAct(machine: SimMachine, act: HostAct): void;
  /** A line of the journal is on disk. */
  onJournalLine(machine: SimMachine, line: string): void;
  /** A target is on disk. */
  onTargetFile(machine: SimMachine, text: string): void;
}

const kubeletEveryMs = 10_000;
const bootMs = 30_000;
const agentRestartMs = 5_000;

/** A server with its kubelet and its agent: the agent is real, the rest is the fake host of the agent's own tests. */
export class SimMachine {
  readonly fake: FakeMachine;
  readonly id: string;
  readonly place: string;
  powered = true;
  frozen = false;
  /** Member of an etcd, by kubeadm. */
  controlPlaneOf: SimApiServer | undefined;
  registration: Registration | undefined;
  /** The kernel gives ENOSPC or EROFS for every write. */
  disk: 'ok' | 'full' | 'read-only' = 'ok';
  skewMs = 0;
  /** systemd starts a kubelet that ended by itself; false = it is broken for good. */
  agent: Process | undefined;
  agentStopped = false;
  /** kubeadm join fails on it. */
  refuseJoin = false;
  /** Once off it does not come on again. */
  staysDown = false;
  connections: Connection[] = [];
  #registerDue = false;
  readonly #random: Random;
  readonly #ways: readonly Way[];

  constructor(
    private readonly world: MachineWorld,
    readonly name: string,
    readonly zone: string,
    public address: string,
    private readonly ca: { readonly certificate: string; readonly key: string },
  ) {
    this.id = `mch_${name}`;
    this.place = `host:${name}`;
    this.#random = world.kernel.fork(this.place);
    this.fake = new FakeMachine({ name, address });
    const { network } = world;
    this.#ways = [
      network.way(this.place, 'server'),
      network.way('server', this.place),
      network.way(this.place, 'api'),
      network.way('api', this.place),
    ];
    this.#wireHost();
    world.kernel.at(this.#random.fraction() * kubeletEveryMs, () => this.#kubelet());
  }

  get host(): FakeHost {
    return this.fake.host;
  }

  get joined(): boolean {
    return this.registration !== undefined;
  }

  /** Stopped by our own order. */
  get isolated(): boolean {
    return /"isolated": true/.test(this.host.content(targetPath) ?? '');
  }

  /** Whether the kubelet on it renews its Lease, if the API server is reachable. */
  get kubeletAlive(): boolean {
    return this.powered && !this.frozen && this.fake.kubeletRuns;
  }

  /** Both witnesses could say that all is well. */
  get wholeNow(): boolean {
    const api = this.registration === undefined ? undefined : this.world.apiAt(this.registration.endpoint);
    return (
      this.kubeletAlive &&
      this.fake.runtimeRuns &&
      this.disk === 'ok' &&
      this.agent !== undefined &&
      !this.agent.dead &&
      !this.agent.paused &&
      this.reachesServer &&
      api?.isUp() === true &&
      this.reachesApi
    );
  }

  get reachesServer(): boolean {
    return this.#ways.slice(0, 2).every(({ cut }) => !cut);
  }

  get reachesApi(): boolean {
    return this.#ways.slice(2).every(({ cut }) => !cut);
  }

  startAgent(): void {
    if (!this.powered || this.agentStopped || (this.agent !== undefined && !this.agent.dead)) return;
    const { kernel } = this.world;
    const process = new Process(kernel, `agent ${this.name}`);
    this.agent = process;
    if (this.frozen) process.pause(24 * 3_600_000);
    const running = this.fake.startAgent({
      clock: processClock(kernel, process, () => this.skewMs),
      random: kernel.fork(`agent ${this.name}`),
      log: silentLogger,
      transport: {
        open: async () => (await this.world.connect(this, process)).agentSide(),
      },
    });
    running.ended.then(
      () => this.#agentEnded(process, 'ended'),
      (error: unknown) => this.#agentEnded(process, error instanceof Error ? error.message : String(error)),
    );
  }

  /** As SIGKILL; systemd starts it again unless told otherwise. */
  killAgent(options: { readonly restartAfterMs?: number; readonly silent?: boolean } = {}): void {
    const process = this.agent;
    if (process === undefined || process.dead) return;
    this.fake.agent?.kill(options.silent === true ? 'silent' : 'closed');
    if (options.silent === true) for (const connection of this.connections) connection.vanish();
    this.connections = [];
    process.kill();
    if (!this.powered) return;
    this.world.kernel.at(options.restartAfterMs ?? agentRestartMs, () => this.startAgent());
  }

  #agentEnded(process: Process, why: string): void {
    if (process.dead) return;
    this.world.kernel.log(`${this.name}: the agent ended: ${why.slice(0, 160)}`);
    process.kill();
    this.world.kernel.at(agentRestartMs, () => this.startAgent());
  }

  powerOff(): void {
    if (!this.powered) return;
    this.powered = false;
    this.killAgent({ silent: true });
  }

  powerOn(): void {
    if (this.powered || this.staysDown) return;
    this.powered = true;
    this.frozen = false;
    this.fake.restart();
    this.#registerDue = true;
    this.world.kernel.at(bootMs / 3, () => this.startAgent());
  }

  /** Power off and on again, whoever asked. */
  reboot(): void {
    if (!this.powered) return;
    this.powerOff();
    this.world.kernel.at(bootMs * (0.5 + this.#random.fraction()), () => this.powerOn());
  }

  freeze(durationMs: number): void {
    this.frozen = true;
    this.agent?.pause(durationMs);
    this.world.kernel.at(durationMs, () => (this.frozen = false));
  }

  /** Ends what was broken on the host by somebody. */
  healHost(): void {
    this.healDisk();
    this.skewMs = 0;
    for (const unit of this.fake.systemd.units.values()) {
      unit.masked = false;
      unit.broken = false;
    }
    if (!this.powered) this.powerOn();
    // A person with a healthy machine before them starts what is down.
    if (this.joined && !this.isolated)
      for (const name of ['containerd.service', 'kubelet.service'] as const) this.reviveUnit(name);
    this.startAgent();
  }

  healDisk(): void {
    this.disk = 'ok';
    this.fake.host.disk = { totalBytes: 100e9, freeBytes: 80e9 };
    this.setReadOnly(false);
  }

  setReadOnly(readOnly: boolean): void {
    if (readOnly) this.disk = 'read-only';
    else if (this.disk === 'read-only') this.disk = 'ok';
    const options = readOnly ? 'ro' : 'rw';
    this.host.put('/proc/self/mounts', `/dev/sda1 / ext4 ${options} 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n`);
  }

  /** systemd starts again what ended by itself. */
  reviveUnit(name: 'kubelet.service' | 'containerd.service'): void {
    const unit = this.fake.unit(name);
    if (!this.powered || unit.broken === true || unit.masked === true || !unit.enabled) return;
    unit.active = true;
    if (name === 'containerd.service') this.host.put('/run/containerd/containerd.sock', '');
    this.#registerDue = true;
  }

  killUnit(name: 'kubelet.service' | 'containerd.service', options: { readonly broken: boolean }): void {
    const unit = this.fake.unit(name);
    unit.active = false;
    if (options.broken) unit.broken = true;
    if (name === 'containerd.service') this.host.entries.delete('/run/containerd/containerd.sock');
  }

  #wireHost(): void {
    const { host, systemd } = this.fake;
    systemd.onReboot = () => {
      this.world.onAct(this, 'reboot');
      // The order is taken; the process that gave it dies a moment later.
      this.world.kernel.at(200, () => this.reboot());
    };
    host.onConnect = (name, port) => this.#reaches(`${name}:${port}`);
    host.onHttp = ({ url }) => this.#http(url);
    this.#realAuthority();
    host.programs.unshift((argv) => this.#program(argv));
    faultyDisk(this.fake.host, {
      chaos: this.world.chaos,
      state: () => this.disk,
      crash: (where) => this.#crash(where),
      onJournalLine: (line) => this.world.onJournalLine(this, line),
      onTargetFile: (text) => this.world.onTargetFile(this, text),
    });
  }

  /** The agent signs with the cluster's CA, so it must be one. */
  #realAuthority(): void {
    const kubeadm = this.fake.kubeadm as { -readonly [K in keyof FakeMachine['kubeadm']]: FakeMachine['kubeadm'][K] };
    const { program } = kubeadm;
    kubeadm.program = async (...call) => {
      const result = await program(...call);
      const [[name, verb]] = call;
      if (name.endsWith('/kubeadm') && (verb === 'init' || verb === 'join') && result?.exitCode === 0) {
        this.host.put('/etc/kubernetes/pki/ca.crt', this.ca.certificate);
        this.host.put('/var/lib/kubelet/pki/kubelet-client-current.pem', 'certificate and key');
        this.host.put('/etc/cni/net.d/10-flannel.conflist', '{}');
        if (verb === 'init') this.host.put('/etc/kubernetes/pki/ca.key', this.ca.key);
      }
      return result;
    };
  }

  #reaches(endpoint: string): boolean {
    const api = this.world.apiAt(endpoint);
    if (api === undefined) return this.world.network.passes(this.place, 'server');
    return api.isUp() && this.world.network.passes(this.place, api.place);
  }

  #http(url: string): HttpAnswer | undefined {
    if (url === 'http://127.0.0.1:10248/healthz')
      return this.fake.kubeletRuns ? { status: 200, body: 'ok' } : undefined;
    if (url.startsWith('https://cp:7440')) {
      if (this.reachesServer) return undefined;
      throw new FlotillaError('HTTP_FAILED', `${url} did not answer`, { kind: 'unavailable', retry: 'later' });
    }
    return url.includes('/kube-node-lease/leases/') ? this.#ownLease(url) : undefined;
  }

  /** What the agent asks the API server with the kubelet's certificate. */
  #ownLease(url: string): HttpAnswer {
    const { api } = this.world;
    if (!api.isUp() || !this.reachesApi)
      throw new FlotillaError('HTTP_FAILED', `${url} did not answer`, {
        kind: 'unavailable',
        metadata: { system: 'ETIMEDOUT' },
      });
    const lease = api.leases.get(url.slice(url.lastIndexOf('/') + 1));
    if (lease?.renewedAtMs === undefined) return { status: 404, body: '{}', dateMs: api.wallMs };
    const renewTime = new Date(lease.renewedAtMs).toISOString();
    return { status: 200, body: JSON.stringify({ spec: { renewTime } }).replaceAll(':"', ': "'), dateMs: api.wallMs };
  }

  /** Looks at what is run before the fake programs do it; takes the time it takes. */
  async #program(argv: readonly string[]): Promise<RunResult | undefined> {
    const [program = '', verb = ''] = argv;
    if (program === 'systemctl') return this.#systemctl(verb, argv[argv.length - 1] ?? '');
    if (!program.endsWith('/kubeadm')) return undefined;
    const { kernel, chaos } = this.world;
    const process = this.agent ?? new Process(kernel, 'nobody');
    if (verb !== 'reset' && verb !== 'init' && verb !== 'join') return undefined;
    await processClock(kernel, process).sleep(2_000 + this.#random.fraction() * 10_000);
    if (verb === 'reset') {
      this.#leave();
      return undefined;
    }
    if (this.refuseJoin || chaos.strikes('stepFails')) return refusal('error execution phase preflight: injected');
    const target = heldTarget(this.host);
    if (target === undefined) return refusal('no target');
    const api = this.world.apiAt(target.endpoint);
    if (verb === 'join' && (api === undefined || !this.#reaches(target.endpoint)))
      return refusal(
        "error execution phase preflight: couldn't validate the identity of the API Server: connection refused",
      );
    const config = host(this).content('/run/flotilla-agent/kubeadm.yaml') ?? '';
    const token = /"token": "([a-z0-9]{6}\.[a-z0-9]{16})"/.exec(config)?.[1] ?? '';
    if (verb === 'join' && api?.acceptsToken(token) !== true)
      return refusal('error execution phase preflight: Unauthorized: the bootstrap token is not valid');
    this.world.onAct(this, verb === 'init' ? 'kubeadm-init' : 'kubeadm-join');
    this.registration = target;
    this.#registerDue = true;
    if (api !== undefined && target.role === 'MACHINE_ROLE_CONTROL_PLANE') this.controlPlaneOf = api;
    kernel.at(1_000, () => this.#beat());
    return undefined;
  }

  #leave(): void {
    if (this.registration !== undefined) this.world.onAct(this, 'kubeadm-reset');
    this.registration = undefined;
    this.controlPlaneOf = undefined;
    this.fake.unit('kubelet.service').active = false;
  }

  async #systemctl(verb: string, unit: string): Promise<RunResult | undefined> {
    if (this.world.chaos.strikes('stepFails') && ['start', 'restart'].includes(verb))
      return refusal(`Job for ${unit} failed.`);
    if (unit === 'kubelet.service' && verb === 'restart') this.world.onAct(this, 'restart-kubelet');
    if (unit === 'kubelet.service' && verb === 'stop') this.world.onAct(this, 'stop-kubelet');
    if (unit === 'containerd.service' && verb === 'restart') this.world.onAct(this, 'restart-runtime');
    if (unit === 'kubelet.service' && ['start', 'restart'].includes(verb)) {
      this.#registerDue = true;
      this.world.kernel.at(1_500, () => this.#beat());
    }
    return undefined;
  }

  #crash(where: string): never {
    this.world.kernel.log(`FAULT ${this.name}: the agent dies ${where}`);
    this.killAgent();
    throw new FakeCrash(where);
  }

  #kubelet(): void {
    this.world.kernel.at(kubeletEveryMs, () => this.#kubelet());
    this.#beat();
  }

  #beat(): void {
    const { registration } = this;
    if (registration === undefined || !this.kubeletAlive) return;
    const api = this.world.apiAt(registration.endpoint);
    if (api === undefined || !api.isUp() || !this.world.network.passes(this.place, api.place)) return;
    const { nodeName, providerId, labels } = registration;
    if (this.#registerDue) {
      this.#registerDue = false;
      api.register(nodeName, { providerId, labels, bootId: this.fake.bootId, address: this.address });
    }
    const ready = this.fake.runtimeRuns && api.hasNetwork;
    const message = this.fake.runtimeRuns
      ? 'container runtime network not ready: cni plugin not initialized'
      : 'container runtime is down';
    api.beat(nodeName, { ready, message: ready ? '' : message, bootId: this.fake.bootId });
  }
}

function host(machine: SimMachine): FakeHost {
  return machine.fake.host;
}

function refusal(stderr: string): RunResult {
  return { exitCode: 1, stdout: '', stderr, timedOut: false };
}
