import { createHash, generateKeyPairSync } from 'node:crypto';
import { SimClock, seededRandom, silentLogger } from '@flotilla/kit';
import { Bootstrap, MachineRole, MachineTarget, TargetCluster, TargetSecrets } from '@flotilla/proto';
import { FakeHost } from '../host/fake-host.js';
import { fakeContainerd, fakeKubeadm, fakeOthers, fakeSystemd } from '../host/fake-programs.js';
import { Artifacts } from '../steps/install/artifacts.js';
import type { HostFacts, Step } from '../steps/step.js';
import { Board } from './board.js';
import { Journal } from './journal.js';
import { steps as realSteps, type StepName, type StepRegistry } from './registry.js';
import { TargetFile } from './target-file.js';
import { Worker } from './worker.js';

export const stateDir = '/var/lib/flotilla-agent';
export const version = 'v1.34.4';

export const someFacts: HostFacts = {
  arch: 'amd64',
  cpus: 4,
  memoryBytes: 8 * 1024 ** 3,
  cgroupVersion: 2,
  hostname: 'edge-7',
  kernel: '6.1.0-18-amd64',
  nodeAddress: '10.0.0.7',
};

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const binaries = ['containerd', 'containerd-shim-runc-v2', 'ctr', 'runc', 'kubeadm', 'kubelet', 'kubectl'];

/** A small manifest with contents made of the names. */
export function aManifest(kubernetesVersion = version): {
  readonly json: string;
  /** What a target names. */
  readonly sha256: string;
  readonly blobs: ReadonlyMap<string, string>;
  readonly images: ReadonlyMap<string, string>;
} {
  const neededBy = ['control-plane', 'worker'];
  const blobs = new Map<string, string>();
  const images = new Map<string, string>();
  const file = (
    name: string,
    content: string,
  ): { name: string; version: string; sizeBytes: number; sha256: string; neededBy: string[] } => {
    blobs.set(sha256(content), content);
    return { name, version: '1', sizeBytes: content.length, sha256: sha256(content), neededBy };
  };
  const image = (name: string, reference: string): object => {
    images.set(`content of ${name}`, reference);
    return { role: 'image', ...file(name, `content of ${name}`), image: reference, format: 'docker-archive' };
  };
  const files = [
    ...binaries.map((name) => ({ role: 'binary', ...file(name, `content of ${name}`), install: 'bin', mode: '0755' })),
    { role: 'binary', ...file('bridge', 'content of bridge'), install: 'cni-bin', mode: '0755' },
    image('image-pause', 'registry.k8s.io/pause:3.10.1'),
    image('image-kube-proxy', `registry.k8s.io/kube-proxy:${kubernetesVersion}`),
  ];
  const json = JSON.stringify({
    schema: 1,
    kubernetesVersion,
    arch: { amd64: { origin: 'build', components: {}, files } },
  });
  return { json, sha256: sha256(json), blobs, images };
}

/** A Debian that has never seen Kubernetes. */
export function aCleanHost(): FakeHost {
  const host = new FakeHost({
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/etc/machine-id': `${'ab'.repeat(16)}\n`,
    '/etc/os-release': 'ID=debian\nVERSION_ID="12"\n',
    '/proc/self/status': 'Name:\tnode\nUid:\t0\t0\t0\t0\n',
    '/proc/self/mounts': '/dev/sda1 / ext4 rw 0 0\ncgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n',
    '/proc/self/oom_score_adj': '0\n',
    '/proc/swaps': 'Filename Type Size Used Priority\n',
    '/proc/net/tcp': 'header\n',
    '/proc/sys/net/ipv4/ip_forward': '0\n',
    '/proc/sys/net/bridge/bridge-nf-call-iptables': '0\n',
    '/proc/sys/vm/overcommit_memory': '0\n',
    '/proc/sys/kernel/panic': '0\n',
    '/proc/sys/net/netfilter/nf_conntrack_max': '262144\n',
    '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids\n',
  });
  for (const path of [
    '/sys/module/overlay',
    '/sys/module/br_netfilter',
    '/run/systemd/system',
    '/etc/systemd/system',
    '/usr/local/bin',
    stateDir,
  ])
    host.dir(path);
  return host;
}

export const clientSpki = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({
  type: 'spki',
  format: 'der',
});

/** The cluster of the targets below. */
export function aCluster(): TargetCluster {
  return TargetCluster.create({
    id: 'clu_1',
    name: 'demo',
    endpoint: '10.0.0.5:6443',
    caCertHashes: [`sha256:${'a'.repeat(64)}`],
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
    bootstrap: Bootstrap.JOIN,
    controlPlaneClientSpki: clientSpki,
    apiServerSans: [],
  });
}

/** A target for a worker, unless told otherwise. */
export function aTarget(part: Partial<MachineTarget> = {}): MachineTarget {
  return MachineTarget.create({
    epoch: 1n,
    generation: 1n,
    role: MachineRole.WORKER,
    kubernetesVersion: version,
    nodeName: 'edge-7',
    poolName: 'workers',
    nodeId: 'nod_1',
    providerId: 'flotilla://mch_1',
    labels: { 'flotilla.dev/node-pool': 'workers' },
    artifactManifestSha256: aManifest().sha256,
    cluster: aCluster(),
    ...part,
  });
}

export const someSecrets = TargetSecrets.create({
  bootstrapToken: 'abcdef.0123456789abcdef',
  bootstrapTokenTtlSeconds: 900,
  certificateKey: '',
});

/** A machine and the agent's work on it. The host and its programs outlive a "process"; the rest is made anew by restart(). */
export class FakeWorld {
  readonly host = aCleanHost();
  readonly kubeadm = fakeKubeadm();
  readonly systemd = fakeSystemd();
  readonly clock = new SimClock();
  readonly applied: string[] = [];
  bootId = 'boot-1';
  journal!: Journal;
  targets!: TargetFile;
  board!: Board;
  worker!: Worker;
  #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  static async create(): Promise<FakeWorld> {
    const world = new FakeWorld();
    const { json, blobs, images } = aManifest();
    for (const [digest, content] of blobs) world.host.blobs.set(digest, content);
    world.host.web.set(`https://cp:7440/artifacts/v1/manifests/${version}/amd64`, { status: 200, body: json });
    world.host.reachable.add('10.0.0.5:6443');
    world.host.programs.push(world.systemd.program, fakeContainerd(images), world.kubeadm.program, fakeOthers);
    await world.open();
    return world;
  }

  /** A new process: everything in memory is gone, the disk is as it is. */
  async open(registry: StepRegistry = realSteps): Promise<void> {
    const { host, clock } = this;
    const random = seededRandom(7);
    this.journal = await Journal.open(host, `${stateDir}/journal.jsonl`, clock);
    this.targets = await TargetFile.open(host, `${stateDir}/target.json`, clock);
    this.board = new Board(clock);
    this.worker = new Worker({
      host,
      clock,
      random,
      log: silentLogger,
      journal: this.journal,
      targets: this.targets,
      board: this.board,
      artifacts: new Artifacts(host, { server: 'https://cp:7440', ca: () => 'CA', stateDir }),
      steps: this.#watched(registry),
      stateDir,
      bootId: this.bootId,
      facts: () => Promise.resolve(someFacts),
      clockSkewMs: () => 0,
    });
  }

  start(): void {
    this.#stop = new AbortController();
    this.#running = this.worker.run(this.#stop.signal);
  }

  async stop(): Promise<void> {
    this.#stop.abort(new Error('stopping'));
    await this.#running;
  }

  /** Lets the agent work for this long. */
  async work(durationMs = 10): Promise<void> {
    await this.clock.advance(durationMs);
  }

  /** Works until nothing is left to do, at most an hour of simulated time. */
  async converge(): Promise<boolean> {
    for (let minutes = 0; minutes < 60; minutes++) {
      if (this.worker.converged && this.targets.held !== undefined) return true;
      await this.work(60_000);
    }
    return false;
  }

  /** Notes which steps were applied. */
  #watched(registry: StepRegistry): StepRegistry {
    const entries = Object.entries(registry).map(([name, step]: [string, Step]): [string, Step] => [
      name,
      {
        ...step,
        apply: (context) => {
          this.applied.push(name);
          return step.apply(context);
        },
      },
    ]);
    return Object.fromEntries(entries) as Record<StepName, Step>; // the same names as came in
  }
}
