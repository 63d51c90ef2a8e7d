import type { Step, StepContext } from '../step.js';

function lineFor({ facts, target }: StepContext): string {
  const names = [...new Set([target.nodeName, facts.hostname])].filter((name) => name !== '');
  return `${facts.nodeAddress} ${names.join(' ')} # flotilla-agent`;
}

/** kubeadm and the kubelet look the node's name up; a host without DNS for itself needs a line of its own. */
export const hostsEntry: Step = {
  name: 'hosts-entry',
  phase: 'prepare-host',
  deadlineMs: 30_000,
  async check(context) {
    const hosts = (await context.host.read('/etc/hosts')) ?? '';
    const named = hosts
      .split('\n')
      .map((line) => line.replace(/#.*$/, '').trim().split(/\s+/))
      .filter(([address]) => address !== undefined && !address.startsWith('127.') && address !== '::1')
      .some(([, ...names]) => names.includes(context.target.nodeName));
    return named ? 'done' : 'needed';
  },
  apply: (context) => context.changes.addHostsLine(lineFor(context)),
};
