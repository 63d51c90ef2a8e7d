import { StepProblems, type Step } from './step.js';

/** A joined node changes its version by an upgrade (drain, kubeadm upgrade, then the kubelet), never by an installation. */
export const refuseVersionChange: Step = {
  name: 'refuse-version-change',
  phase: 'maintenance',
  deadlineMs: 1_000,
  check: () => Promise.resolve('needed'),
  apply: ({ target }) =>
    Promise.reject(
      new StepProblems(
        [
          {
            code: 'UPGRADE_NOT_SUPPORTED',
            message: `this node runs another version than ${target.kubernetesVersion}, and this release of the agent does not upgrade nodes`,
            remedy: 'Set the pool back to the version its nodes run, or remove the node and let it join anew.',
          },
        ],
        'never',
      ),
    ),
};
