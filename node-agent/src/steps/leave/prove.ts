import type { Host } from '../../host/host.js';
import { listProcesses } from '../../host/processes.js';
import { foundMembershipFiles } from '../kubeadm.js';
import { paths } from '../../host/paths.js';
import { StepProblems, type Step, type StepContext } from '../step.js';
import { networkLeftovers } from './network.js';
import { leftoverMounts } from './stop.js';

/** Looks at the host itself, not at the journal: one line for each thing of ours that is still there. */
export async function leftovers(host: Host): Promise<readonly string[]> {
  const processes = (await listProcesses(host))
    .filter(({ executable }) => executable.startsWith(`${paths.kubernetes}/`))
    .map(({ pid, executable }) => `process ${pid} ${executable}`);
  const mounts = (await leftoverMounts(host)).map(({ path }) => `mount ${path}`);
  const links: string[] = [];
  for (const name of (await host.list(paths.programs)) ?? []) {
    const target = await host.readLink(`${paths.programs}/${name}`).catch(() => undefined);
    if (target?.startsWith(`${paths.kubernetes}/`) === true) links.push(`link ${paths.programs}/${name}`);
  }
  const data = (await host.exists(`${paths.etcd}/member`)) ? [`data of etcd ${paths.etcd}/member`] : [];
  const programs = (await host.exists(paths.kubernetes)) ? [`directory ${paths.kubernetes}`] : [];
  return [
    ...processes,
    ...mounts,
    ...(await networkLeftovers(host)),
    ...(await foundMembershipFiles(host)),
    ...links,
    ...data,
    ...programs,
  ];
}

/** The end of leaving: nothing of ours may be left, and only then the membership is forgotten. */
export const leaveProve: Step = {
  name: 'leave-prove',
  phase: 'leave',
  deadlineMs: 120_000,
  check({ memory, changes }: StepContext) {
    // A host we never made a member of may be one of somebody else's: what it has is none of our business.
    return Promise.resolve(memory.membership() === undefined && changes.standing().length === 0 ? 'done' : 'needed');
  },
  async apply({ host, memory }) {
    const left = memory.membership() === undefined ? [] : await leftovers(host);
    if (left.length > 0) {
      throw new StepProblems(
        left.slice(0, 20).map((what) => ({
          code: 'LEAVE_NOT_CLEAN',
          message: `${what} is still there`,
          remedy: 'Find what holds it and end it, or reboot; then run: sudo flotilla-agent leave',
        })),
        'later',
      );
    }
    await memory.setMembership(undefined);
  },
};
