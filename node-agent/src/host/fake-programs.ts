import { failed, ok, type FakeHost, type FakeProgram } from './fake-host.js';
import type { RunResult } from './host.js';

export interface FakeUnit {
  enabled: boolean;
  active: boolean;
  /** As after `systemctl mask`. */
  masked?: boolean;
  /** Starts and ends at once, as with a configuration it cannot read. */
  broken?: boolean;
}

export interface FakeSystemd {
  readonly units: Map<string, FakeUnit>;
  readonly program: FakeProgram;
  /** What `systemctl reboot` does; the order itself always succeeds. */
  onReboot: () => void;
}

const out = (stdout: string): RunResult => ({ ...ok, stdout });

/** systemd, as far as the agent speaks to it. Units are known when their file is there. */
export function fakeSystemd(units = new Map<string, FakeUnit>()): FakeSystemd {
  const unitOf = (name: string): FakeUnit => {
    const unit = units.get(name) ?? { enabled: false, active: false };
    units.set(name, unit);
    return unit;
  };
  const program: FakeProgram = ([name, verb = '', ...rest], host) => {
    if (name !== 'systemctl') return undefined;
    const target = rest[rest.length - 1] ?? '';
    if (verb === 'show') return show(rest[0] ?? '', host, units);
    if (verb === 'daemon-reload') return ok;
    if (verb === 'reboot') {
      systemd.onReboot();
      return ok;
    }
    const known = host.entries.has(`/etc/systemd/system/${target}`) || units.has(target);
    if (!known) return failed(`Unit ${target} not found.`, 5);
    const refused = turn(unitOf(target), verb, target);
    if (target === 'containerd.service') socket(host, unitOf(target).active);
    return refused ?? ok;
  };
  const systemd: FakeSystemd = { units, program, onReboot: () => undefined };
  return systemd;
}

function turn(unit: FakeUnit, verb: string, name: string): RunResult | undefined {
  if (verb === 'mask' || verb === 'unmask') unit.masked = verb === 'mask';
  if (unit.masked === true && ['enable', 'start', 'restart'].includes(verb)) return failed(`Unit ${name} is masked.`);
  if (verb === 'enable' || verb === 'disable') unit.enabled = verb === 'enable';
  if (verb === 'start' || verb === 'restart') unit.active = unit.broken !== true;
  if (verb === 'stop') unit.active = false;
  return undefined;
}

function socket(host: FakeHost, open: boolean): void {
  const path = '/run/containerd/containerd.sock';
  if (open) host.put(path, '');
  else host.entries.delete(path);
}

function show(name: string, host: FakeHost, units: Map<string, FakeUnit>): RunResult {
  const path = `/etc/systemd/system/${name}`;
  const unit = units.get(name);
  const known = host.entries.has(path) || unit?.active === true;
  return out(
    [
      `LoadState=${unit?.masked === true ? 'masked' : known ? 'loaded' : 'not-found'}`,
      `UnitFileState=${unit?.masked === true ? 'masked' : unit?.enabled === true ? 'enabled' : known ? 'disabled' : ''}`,
      `ActiveState=${unit?.active === true ? 'active' : 'inactive'}`,
      `FragmentPath=${host.entries.has(path) ? path : known ? `/usr/lib/systemd/system/${name}` : ''}`,
      'MainPID=0',
    ].join('\n'),
  );
}

/** containerd's ctr: images are remembered in a set, and gone with the data directory. */
export function fakeContainerd(images: ReadonlyMap<string, string>): FakeProgram {
  return (argv, host) => {
    if (!argv[0].endsWith('/ctr')) return undefined;
    if (!host.entries.has('/run/containerd/containerd.sock'))
      return failed('cannot dial unix /run/containerd/containerd.sock');
    const words = argv.slice(1).filter((word) => !['-n', 'k8s.io', '--local'].includes(word));
    if (words.includes('version')) return ok;
    if (words[0] === 'images' && words[1] === 'ls')
      return out((host.content('/var/lib/containerd/fake-images') ?? '').trim());
    if (words[0] === 'images' && words[1] === 'import') {
      const image = images.get(host.content(words[2] ?? '') ?? '');
      if (image === undefined) return failed('unrecognized image format');
      host.put('/var/lib/containerd/fake-images', `${host.content('/var/lib/containerd/fake-images') ?? ''}${image}\n`);
    }
    return ok;
  };
}

export interface FakeKubeadm {
  readonly program: FakeProgram;
  /** init, join and reset, in order; configurations as kubeadm read them. */
  readonly calls: { verb: string; config: string; argv: readonly string[] }[];
  /** Answers of the next inits or joins, given instead of doing them, after leaving half of their files. */
  readonly failures: RunResult[];
}

/** kubeadm, by the files it leaves. */
export function fakeKubeadm(caCertificate = 'CA', caKey = 'KEY'): FakeKubeadm {
  const kubeadm: FakeKubeadm = {
    calls: [],
    failures: [],
    program: ([program, verb = '', ...rest], host) => {
      if (!program.endsWith('/kubeadm')) return undefined;
      const config = host.content(rest[rest.indexOf('--config') + 1] ?? '') ?? '';
      kubeadm.calls.push({ verb, config, argv: [program, verb, ...rest] });
      if (verb === 'reset') {
        for (const key of [...host.entries.keys()])
          if (/^\/(etc\/kubernetes|var\/lib\/kubelet|var\/lib\/etcd)\//.test(key)) host.entries.delete(key);
        return ok;
      }
      host.put('/etc/kubernetes/pki/ca.crt', caCertificate);
      if (/^(upload-certs|certs)$/.test(verb) || rest.includes('upload-certs')) return ok;
      const controlPlane = verb === 'init' || config.includes('"controlPlane"');
      if (controlPlane) host.put('/etc/kubernetes/pki/ca.key', caKey);
      const failure = kubeadm.failures.shift();
      if (failure !== undefined) return failure;
      host.put('/var/lib/kubelet/config.yaml', 'kind: KubeletConfiguration');
      host.put('/etc/kubernetes/kubelet.conf', 'server: https://10.0.0.5:6443');
      if (controlPlane)
        for (const file of ['admin.conf', 'manifests/kube-apiserver.yaml', 'manifests/etcd.yaml'])
          host.put(`/etc/kubernetes/${file}`, '-');
      return ok;
    },
  };
  return kubeadm;
}

/** Everything else the steps run: succeeds and says nothing. */
export const fakeOthers: FakeProgram = ([name]) =>
  ['modprobe', 'nft', 'iptables', 'iptables-save', 'ip6tables', 'ip6tables-save', 'ip', 'umount'].includes(name)
    ? ok
    : undefined;

/** What containerd answers the kubelet that asks how it is (CRI StatusResponse). */
export function fakeRuntimeStatus({ runtime = true, network = true }): Uint8Array {
  const field = (number: number, bytes: Uint8Array): Buffer =>
    Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
  const condition = (type: string, good: boolean): Buffer =>
    field(
      1,
      Buffer.concat([
        field(1, Buffer.from(type)),
        Buffer.from(good ? [0x10, 1] : []),
        field(4, Buffer.from(good ? '' : `${type} is false`)),
      ]),
    );
  return field(1, Buffer.concat([condition('RuntimeReady', runtime), condition('NetworkReady', network)]));
}
