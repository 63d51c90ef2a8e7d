import { Bootstrap, MachineRole, type MachineTarget } from '@flotilla/proto';
import type { MembershipRecord } from '../steps/step.js';
import type { StepName } from './registry.js';

/** What is known about the host without touching it. */
export interface DeriveInput {
  readonly target: MachineTarget;
  readonly membership: MembershipRecord | undefined;
  /** Changes of ours that stand on the host. */
  readonly changesStanding: number;
  /** Kubernetes version whose programs are in place, if any. */
  readonly installedVersion: string | undefined;
  /** The order to keep the kubelet stopped stands on the host. */
  readonly isolated: boolean;
}

export const leaveSteps = [
  'leave-etcd',
  'leave-stop-kubelet',
  'leave-reset',
  'leave-stop-containers',
  'leave-unmount',
  'leave-network',
  'leave-undo',
  'leave-prove',
] as const satisfies readonly StepName[];

const prepareSteps = [
  'claim-directories',
  'load-modules',
  'set-sysctls',
  'hosts-entry',
  'note-others',
] as const satisfies readonly StepName[];

const installSteps = [
  'install-runtime',
  'configure-runtime',
  'run-runtime',
  'install-kubernetes',
  'configure-kubelet',
  'load-images',
] as const satisfies readonly StepName[];

/** Whether the membership on this host is the one the target asks for. */
export function isSameMembership(target: MachineTarget, membership: MembershipRecord): boolean {
  const role = target.role === MachineRole.CONTROL_PLANE ? 'control-plane' : 'worker';
  return (
    membership.clusterId === target.cluster?.id &&
    membership.role === role &&
    membership.nodeName === target.nodeName &&
    membership.nodeId === target.nodeId
  );
}

/**
 * The steps that take this host to its target, in order. Pure, and whole each time: steps that are done say so when they
 * are checked. A host that belongs elsewhere (as far as we put it there) leaves first.
 */
export function deriveSteps({
  target,
  membership,
  changesStanding,
  installedVersion,
  isolated,
}: DeriveInput): readonly StepName[] {
  if (target.role === MachineRole.NONE) {
    return membership === undefined && changesStanding === 0 ? [] : leaveSteps;
  }
  // Kept as it is, whatever else the target says: nothing is installed, changed or left.
  if (target.maintenance?.isolated === true) return membership === undefined ? [] : ['isolate'];
  if (membership !== undefined && !isSameMembership(target, membership)) return leaveSteps;
  const released: readonly StepName[] = isolated ? ['end-isolation'] : [];
  if (membership?.state === 'joined') {
    // Programs under a running kubelet are never swapped by an installation.
    if (installedVersion !== undefined && installedVersion !== target.kubernetesVersion)
      return [...released, 'refuse-version-change'];
    return [
      ...released,
      ...prepareSteps,
      ...installSteps,
      'kubelet-files',
      ...bootstrapSteps(target),
      'kubelet-settings',
      ...memberSteps(target),
    ];
  }
  const checked: readonly StepName[] = membership === undefined ? ['preflight'] : [];
  return [...released, ...checked, ...prepareSteps, ...installSteps, ...bootstrapSteps(target)];
}

function bootstrapSteps(target: MachineTarget): readonly StepName[] {
  const enter = target.cluster?.bootstrap === Bootstrap.INIT ? 'kubeadm-init' : 'kubeadm-join';
  // Any member can sign for the control plane: the one that initialised may be gone one day.
  return target.role === MachineRole.CONTROL_PLANE ? [enter, 'sign-client'] : [enter];
}

function memberSteps(target: MachineTarget): readonly StepName[] {
  return target.role === MachineRole.CONTROL_PLANE ? ['upload-certificates'] : [];
}
