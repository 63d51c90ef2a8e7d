import type { Host } from '../../host/host.js';
import { mountsBelow, readMounts, type Mount } from '../../host/mounts.js';
import { listProcesses } from '../../host/processes.js';
import { readUnit, systemctl } from '../../host/units.js';
import { foundMembershipFiles, resetOwn } from '../kubeadm.js';
import { paths } from '../../host/paths.js';
import type { Step, StepContext } from '../step.js';

const ctr = `${paths.programs}/ctr`;

/** Whether the unit is one that we brought. */
function brought(context: StepContext, unit: string): boolean {
  return context.changes
    .standing()
    .some(({ change }) => change.type === 'file' && change.path === `${paths.units}/${unit}`);
}

export const leaveStopKubelet: Step = {
  name: 'leave-stop-kubelet',
  phase: 'leave',
  deadlineMs: 150_000,
  async check(context) {
    if (!brought(context, 'kubelet.service')) return 'done';
    return (await readUnit(context.host, 'kubelet.service')).active ? 'needed' : 'done';
  },
  apply: ({ host }) => systemctl(host, 'stop', 'kubelet.service'),
};

/** kubeadm undoes what kubeadm did; only for a membership that our journal knows. */
export const leaveReset: Step = {
  name: 'leave-reset',
  phase: 'leave',
  deadlineMs: 360_000,
  async check({ host, memory }) {
    if (memory.membership() === undefined) return 'done';
    return (await foundMembershipFiles(host)).length === 0 ? 'done' : 'needed';
  },
  async apply(context) {
    await resetOwn(context);
    // What a half-finished attempt keeps kubeadm from removing; all of it lies in directories we claimed.
    for (const path of await foundMembershipFiles(context.host)) await context.host.remove(path);
  },
};

/** Processes of pods, and the shims that look after them. */
async function podProcesses(host: Host): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { pid, executable } of await listProcesses(host)) {
    const ours = executable.startsWith(`${paths.kubernetes}/`) && executable.endsWith('/containerd-shim-runc-v2');
    const inPod = /\/kubepods[./-]/.test((await host.read(`/proc/${pid}/cgroup`).catch(() => undefined)) ?? '');
    if (ours || inPod) found.push(pid);
  }
  return found;
}

export const leaveStopContainers: Step = {
  name: 'leave-stop-containers',
  phase: 'leave',
  deadlineMs: 180_000,
  async check(context) {
    if (!brought(context, 'containerd.service')) return 'done';
    if ((await readUnit(context.host, 'containerd.service')).active) return 'needed';
    return (await podProcesses(context.host)).length === 0 ? 'done' : 'needed';
  },
  async apply({ host }) {
    for (const words of [
      ['tasks', 'ls', '-q'],
      ['containers', 'ls', '-q'],
    ] as const) {
      const listed = await host.run([ctr, '-n', 'k8s.io', '--connect-timeout', '5s', ...words], { timeoutMs: 30_000 });
      const ids = listed.exitCode === 0 ? listed.stdout.split('\n').filter((id) => id !== '') : [];
      const act = words[0] === 'tasks' ? (['tasks', 'rm', '--force'] as const) : (['containers', 'rm'] as const);
      for (const id of ids) await host.run([ctr, '-n', 'k8s.io', ...act, id], { timeoutMs: 30_000 });
    }
    if ((await readUnit(host, 'containerd.service')).active) await systemctl(host, 'stop', 'containerd.service');
    for (const pid of await podProcesses(host)) await host.kill(pid, 'SIGKILL');
  },
};

/** Mounts that pods and containers left, newest first. */
export async function leftoverMounts(host: Host): Promise<readonly Mount[]> {
  const below = [paths.kubelet, paths.containerdRun, paths.containerd];
  const found: Mount[] = [];
  for (const path of below) found.push(...(await mountsBelow(host, path)));
  const namespaces = (await readMounts(host)).filter(({ path }) => /^(\/var)?\/run\/netns\/cni-/.test(path));
  return [...found, ...namespaces];
}

export const leaveUnmount: Step = {
  name: 'leave-unmount',
  phase: 'leave',
  deadlineMs: 120_000,
  async check({ host, changes }) {
    if (!changes.claims(paths.kubelet)) return 'done';
    return (await leftoverMounts(host)).length === 0 ? 'done' : 'needed';
  },
  async apply({ host }) {
    for (const { path } of await leftoverMounts(host)) {
      const result = await host.run(['umount', path], { timeoutMs: 15_000 });
      // Detached: it disappears for everyone now, and for good when its last user ends.
      if (result.exitCode !== 0) await host.run(['umount', '--lazy', path], { timeoutMs: 15_000 });
    }
    for (const name of (await host.list('/run/netns')) ?? []) {
      if (name.startsWith('cni-')) await host.remove(`/run/netns/${name}`);
    }
  },
};
