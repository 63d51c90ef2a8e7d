import { readUnit } from '../../host/units.js';
import { holderOf, readListeners } from '../../host/sockets.js';
import { membershipFiles } from '../kubeadm.js';
import { fine, problem, together, type CheckContext, type Findings, type PreflightCheck } from './check.js';

const controlPlanePorts = [6443, 10257, 10259, 2379, 2380];
const kubeletPort = 10250;

/** Other ways to run Kubernetes, by what they leave on a host. */
const distributions: readonly { readonly name: string; readonly paths: readonly string[]; readonly cure: string }[] = [
  {
    name: 'k3s',
    paths: ['/etc/rancher/k3s', '/var/lib/rancher/k3s', '/usr/local/bin/k3s'],
    cure: 'k3s-uninstall.sh (or k3s-agent-uninstall.sh)',
  },
  { name: 'rke2', paths: ['/etc/rancher/rke2', '/var/lib/rancher/rke2'], cure: 'rke2-uninstall.sh' },
  { name: 'microk8s', paths: ['/var/snap/microk8s'], cure: 'snap remove --purge microk8s' },
  { name: 'k0s', paths: ['/var/lib/k0s', '/etc/k0s'], cure: 'k0s reset' },
];

export const ports: PreflightCheck = {
  name: 'ports',
  async run({ host, controlPlane, joined }) {
    if (joined) return fine;
    const wanted = controlPlane ? [kubeletPort, ...controlPlanePorts] : [kubeletPort];
    const seen = new Set<number>();
    const findings: Findings[] = [];
    for (const { port, inode } of await readListeners(host)) {
      if (!wanted.includes(port) || seen.has(port)) continue;
      seen.add(port);
      const holder = await holderOf(host, inode);
      const who = holder === undefined ? 'another process' : `${holder.name} (pid ${holder.pid})`;
      findings.push(problem('PORT_IN_USE', `${port}/tcp is held by ${who}.`, cureFor(port, holder?.name)));
    }
    return together(findings);
  },
};

function cureFor(port: number, name: string | undefined): string {
  const distribution = distributions.find((candidate) => name?.startsWith(candidate.name) === true);
  if (distribution !== undefined || name === 'kubelet' || name === 'kube-apiserver' || name === 'etcd') {
    const how = distribution === undefined ? 'kubeadm reset' : distribution.cure;
    return `This machine looks like a node of another cluster. Flotilla will not touch it. Remove that first: ${how}`;
  }
  return `Stop it, or move it to another port; Kubernetes needs ${port}.`;
}

/** Signs that the host is a node of a cluster that is not ours. */
export const foreignCluster: PreflightCheck = {
  name: 'foreign-cluster',
  async run(context) {
    if (context.joined) return fine;
    const findings = [await foreignFiles(context), await foreignUnit(context)];
    for (const { name, paths, cure } of distributions) {
      for (const path of paths) {
        if (!(await context.host.exists(path))) continue;
        findings.push(
          problem(
            'FOREIGN_CLUSTER',
            `${path} is there: ${name} is installed.`,
            `Flotilla will not touch it. Remove it first: ${cure}`,
          ),
        );
        break;
      }
    }
    return together(findings);
  },
};

async function foreignFiles({ host, changes }: CheckContext): Promise<Findings> {
  const found: string[] = [];
  for (const path of membershipFiles) if ((await host.exists(path)) && !ours(changes, path)) found.push(path);
  const [first] = found;
  if (first === undefined) return fine;
  return problem(
    'FOREIGN_CLUSTER',
    `${first} is there and Flotilla did not put it there: this machine belongs, or belonged, to another cluster.`,
    'Flotilla will not touch it. If that cluster is given up: sudo kubeadm reset, then remove /etc/kubernetes.',
  );
}

function ours(changes: CheckContext['changes'], path: string): boolean {
  return changes.standing().some(({ change }) => {
    if (change.type !== 'dir' || !path.startsWith(`${change.path}/`)) return false;
    const entry = path.slice(change.path.length + 1).split('/')[0] ?? '';
    return !change.keep.includes(entry);
  });
}

async function foreignUnit({ host, changes }: CheckContext): Promise<Findings> {
  const unit = await readUnit(host, 'kubelet.service');
  if (!unit.known || (!unit.active && !unit.enabled) || changes.owns(unit.path)) return fine;
  return problem(
    'FOREIGN_CLUSTER',
    `a kubelet of others is ${unit.active ? 'running' : 'enabled'} (${unit.path}).`,
    'Flotilla will not touch it. If it is not needed: sudo systemctl disable --now kubelet, and remove its package.',
  );
}

/** A container runtime that others use: it would share sockets, networks and disks with ours. */
export const foreignRuntime: PreflightCheck = {
  name: 'foreign-runtime',
  async run(context) {
    const { host, changes } = context;
    const findings: Findings[] = [];
    const containerd = await readUnit(host, 'containerd.service');
    if (containerd.active && !changes.owns(containerd.path)) {
      findings.push(
        problem(
          'FOREIGN_RUNTIME',
          `a containerd of others is running (${containerd.path}).`,
          'Use a machine without it, or remove it: sudo systemctl disable --now containerd, and remove its package.',
        ),
      );
    }
    for (const name of ['docker', 'crio', 'cri-docker']) {
      if (!(await readUnit(host, `${name}.service`)).active) continue;
      findings.push(
        problem(
          'FOREIGN_RUNTIME',
          `${name} is running: containers of others are on this machine.`,
          `Use another machine, or stop it: sudo systemctl disable --now ${name}`,
        ),
      );
    }
    return together(findings);
  },
};
