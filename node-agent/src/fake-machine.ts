import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { runTasks, silentLogger, type Clock, type Logger, type Random } from '@flotilla/kit';
import { coreTasks, keepConnected, openCore, type AgentCore, type LinkPorts } from './agent-core.js';
import { agentVersion } from './config.js';
import { FakeProcess } from './fake-process.js';
import { fakeClusterCa } from './host/fake-cluster-ca.js';
import type { FakeHost, FakeProgram } from './host/fake-host.js';
import {
  fakeContainerd,
  fakeKubeadm,
  fakeOthers,
  fakeRuntimeStatus,
  fakeSystemd,
  type FakeKubeadm,
  type FakeSystemd,
  type FakeUnit,
} from './host/fake-programs.js';
import type { RunResult } from './host/host.js';
import type { Transport } from './link/transport.js';
import { allProbes } from './probes/registry.js';
import { readMachineFacts } from './observe/facts.js';
import type { HostFacts } from './steps/step.js';
import { aCleanHost, aManifest, someFacts, stateDir, version } from './work/fake-world.js';

export interface FakeMachineOptions {
  /** Host name; also seeds what must differ between machines. */
  readonly name: string;
  readonly address?: string;
  /** Kubernetes versions that the mirror has for it. */
  readonly versions?: readonly string[];
  readonly facts?: Partial<HostFacts>;
  /** CA of the cluster it makes or joins; one for all unless given. */
  readonly clusterCa?: { readonly certificatePem: string; readonly keyPem: string };
}

let sharedCa: FakeMachineOptions['clusterCa'];

export interface FakeAgentPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly log?: Logger;
  readonly onLink?: LinkPorts['onLink'];
  /** Types of the probes that run; all of them unless told. Few are cheaper where hundreds of agents run for days. */
  readonly probes?: readonly string[];
}

/** A running agent: the real journal, worker, runner and session, over the machine's fake host. */
export interface FakeAgent {
  /** Ready once the journal and the target of an earlier process were read. */
  readonly core: Promise<AgentCore>;
  /** Settles when the agent ended by itself or by `stop`; never after `kill`. */
  readonly ended: Promise<void>;
  /** As SIGTERM: says goodbye and ends. */
  stop(): Promise<void>;
  /** As SIGKILL; with `silent` as a power cut, of which the other side hears nothing. */
  kill(connections?: 'closed' | 'silent'): void;
  freeze(): void;
  thaw(): void;
}

const server = 'https://cp:7440';

/** A server in memory that outlives the agent's processes: its disk, its units, its kubelet. */
export class FakeMachine {
  readonly host: FakeHost = aCleanHost();
  readonly systemd: FakeSystemd = fakeSystemd();
  readonly kubeadm: FakeKubeadm;
  readonly facts: HostFacts;
  /** Made once, like the one on a real disk. */
  readonly identityKey: KeyObject = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  #boots = 0;
  #agent: FakeAgent | undefined;

  constructor(private readonly options: FakeMachineOptions) {
    const { name, address = '10.0.0.7', versions = [version] } = options;
    this.facts = { ...someFacts, hostname: name, nodeAddress: address, ...options.facts };
    const ca = options.clusterCa ?? (sharedCa ??= fakeClusterCa());
    this.kubeadm = fakeKubeadm(ca.certificatePem, ca.keyPem);
    this.host.address = address;
    const images = new Map<string, string>();
    for (const one of versions) {
      const manifest = aManifest(one);
      for (const [digest, content] of manifest.blobs) this.host.blobs.set(digest, content);
      for (const [content, image] of manifest.images) images.set(content, image);
      this.host.web.set(`${server}/artifacts/v1/manifests/${one}/amd64`, { status: 200, body: manifest.json });
    }
    // Reachable unless a test or a simulation says otherwise.
    this.host.onConnect = () => true;
    this.host.onHttp = ({ url }) =>
      url === 'http://127.0.0.1:10248/healthz' && this.kubeletRuns ? { status: 200, body: 'ok' } : undefined;
    this.host.onRpc = () => (this.runtimeRuns ? fakeRuntimeStatus({ network: this.kubeletRuns }) : undefined);
    this.host.programs.push(
      this.systemd.program,
      fakeContainerd(images),
      (...call) => this.#kubeadm(...call),
      fakeOthers,
    );
    this.#boot();
  }

  get name(): string {
    return this.options.name;
  }

  get bootId(): string {
    return `${this.options.name}-boot-${this.#boots}`;
  }

  unit(name: 'kubelet.service' | 'containerd.service'): FakeUnit {
    const unit = this.systemd.units.get(name) ?? { enabled: false, active: false };
    this.systemd.units.set(name, unit);
    return unit;
  }

  /** Whether a kubelet renews its Lease here: its unit is up, its runtime answers, and its files are there. */
  get kubeletRuns(): boolean {
    const { active } = this.unit('kubelet.service');
    const files = ['/var/lib/kubelet/config.yaml', '/etc/kubernetes/kubelet.conf'];
    return active && files.every((path) => this.host.entries.has(path));
  }

  get runtimeRuns(): boolean {
    return this.unit('containerd.service').active;
  }

  get agent(): FakeAgent | undefined {
    return this.#agent;
  }

  /** Starts the agent as systemd would after a boot. One at a time: an earlier one must have been stopped or killed. */
  startAgent(ports: FakeAgentPorts): FakeAgent {
    const process = new FakeProcess();
    const stop = new AbortController();
    const { random, log = silentLogger } = ports;
    const host = process.host(this.host);
    const core = openCore({
      host,
      clock: process.clock(ports.clock),
      random,
      log,
      stateDir,
      server,
      ca: () => 'CA',
      facts: () => Promise.resolve(this.facts),
      probes: allProbes().filter(({ type }) => ports.probes?.includes(type) ?? true),
    });
    const link: LinkPorts = {
      transport: process.transport(ports.transport),
      identityKey: this.identityKey,
      inventory: () => readMachineFacts(host, this.facts, agentVersion),
      ...(ports.onLink === undefined ? {} : { onLink: ports.onLink }),
    };
    const ended = core.then((open) =>
      runTasks([...coreTasks(open), { name: 'link', run: (signal) => keepConnected(open, link, signal) }], stop.signal),
    );
    // Whoever cares awaits it; a failure of a killed process is nobody's.
    ended.catch(() => undefined);
    this.#agent = {
      core,
      ended,
      stop: () => {
        stop.abort(new Error('stopping'));
        return ended;
      },
      kill: (connections) => process.kill(connections),
      freeze: () => process.freeze(),
      thaw: () => process.thaw(),
    };
    return this.#agent;
  }

  /** Power off and on again: the agent is gone without a word, enabled units come up, the boot id is new. The caller starts the agent. */
  restart(): void {
    this.#agent?.kill('silent');
    this.#agent = undefined;
    // /run is memory; the runtime's socket there is seen to below.
    for (const path of this.host.entries.keys())
      if (path.startsWith('/run/flotilla-agent')) this.host.entries.delete(path);
    this.#boot();
    for (const [name, unit] of this.systemd.units) {
      unit.active = unit.enabled && unit.masked !== true && unit.broken !== true;
      if (name !== 'containerd.service') continue;
      if (unit.active) this.host.put('/run/containerd/containerd.sock', '');
      else this.host.entries.delete('/run/containerd/containerd.sock');
    }
  }

  #boot(): void {
    this.#boots += 1;
    this.host.put('/proc/sys/kernel/random/boot_id', `${this.bootId}\n`);
  }

  /** kubeadm starts the kubelet when it succeeds; a network plugin follows. */
  async #kubeadm(...call: Parameters<FakeProgram>): Promise<RunResult | undefined> {
    const result = await this.kubeadm.program(...call);
    const [argv] = call;
    if (result?.exitCode !== 0 || !['init', 'join'].includes(argv[1] ?? '')) return result;
    this.unit('kubelet.service').active = true;
    this.host.put('/etc/cni/net.d/10-fake.conflist', '{}');
    return result;
  }
}
