import type { RecordedChange } from '../../host/changes.js';
import type { Host } from '../../host/host.js';
import { paths } from '../../host/paths.js';
import { listProcesses } from '../../host/processes.js';
import { undoOwnFile } from '../../host/undo.js';
import { readUnit, systemctl } from '../../host/units.js';
import type { Step } from '../step.js';

const ctr = `${paths.programs}/ctr`;
const dropIn = `${paths.units}/kubelet.service.d/05-flotilla-isolated.conf`;
/** A condition that never holds: whoever starts the kubelet, at boot too, it does not run. */
const dropInText = `# Written by flotilla-agent while this machine is isolated; removed when it is released.
[Unit]
ConditionPathExists=!/
`;
const graceMs = 10_000;

/** Whether our order to keep the kubelet stopped stands on this host. */
export function isIsolated(standing: readonly RecordedChange[]): boolean {
  return standing.some(({ change }) => change.type === 'file' && change.path === dropIn);
}

/** Processes of containers, known by their cgroup. */
async function podProcesses(host: Host): Promise<readonly number[]> {
  const found: number[] = [];
  for (const { pid } of await listProcesses(host)) {
    const cgroup = (await host.read(`/proc/${pid}/cgroup`).catch(() => undefined)) ?? '';
    if (/\/kubepods[./-]/.test(cgroup)) found.push(pid);
  }
  return found;
}

/**
 * Stops the kubelet and what it runs, and keeps them stopped over boots. Nothing is removed: pods' data, images, logs
 * and certificates stay as they are for whoever looks into it.
 */
export const isolate: Step = {
  name: 'isolate',
  phase: 'maintenance',
  deadlineMs: 180_000,
  async check({ host, changes }) {
    if (!isIsolated(changes.standing()) || (await host.read(dropIn)) !== dropInText) return 'needed';
    if ((await readUnit(host, 'kubelet.service')).active) return 'needed';
    return (await podProcesses(host)).length === 0 ? 'done' : 'needed';
  },
  async apply({ host, changes, clock, signal }) {
    await changes.writeFile(dropIn, dropInText, 0o644);
    await systemctl(host, 'daemon-reload');
    if ((await readUnit(host, 'kubelet.service')).active) await systemctl(host, 'stop', 'kubelet.service');
    const on = [ctr, '-n', 'k8s.io', '--connect-timeout', '5s'] as const;
    const listed = await host.run([...on, 'tasks', 'ls', '-q'], { timeoutMs: 30_000 });
    const tasks = listed.exitCode === 0 ? listed.stdout.split('\n').filter((id) => id !== '') : [];
    for (const id of tasks)
      await host.run([...on, 'tasks', 'kill', '--signal', 'SIGTERM', id], { timeoutMs: 15_000, signal });
    const endMs = clock.now().monotonicMs + graceMs;
    while ((await podProcesses(host)).length > 0 && clock.now().monotonicMs < endMs) await clock.sleep(500, signal);
    for (const pid of await podProcesses(host)) await host.kill(pid, 'SIGKILL');
    // What was killed takes a moment to be gone.
    if ((await podProcesses(host)).length > 0) await clock.sleep(1_000, signal);
  },
};

/** Takes exactly that back; the kubelet starts its pods again. */
export const endIsolation: Step = {
  name: 'end-isolation',
  phase: 'maintenance',
  deadlineMs: 180_000,
  check: ({ changes }) => Promise.resolve(isIsolated(changes.standing()) ? 'needed' : 'done'),
  async apply({ host, changes }) {
    await undoOwnFile(host, changes.log, dropIn);
    await systemctl(host, 'daemon-reload');
    await systemctl(host, 'start', 'kubelet.service');
  },
};
