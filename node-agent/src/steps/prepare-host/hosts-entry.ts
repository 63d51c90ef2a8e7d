import { FlotillaError } from '@flotilla/kit';
import { Bootstrap } from '@flotilla/proto';
import type { Host } from '../../host/host.js';
import { isAddress, splitEndpoint } from '../endpoint.js';
import type { Step, StepContext } from '../step.js';

function nodeLine({ facts, target }: StepContext): string {
  const names = [...new Set([target.nodeName, facts.hostname])].filter((name) => name !== '');
  return `${facts.nodeAddress} ${names.join(' ')} # flotilla-agent`;
}

async function isNamed({ host, target }: StepContext): Promise<boolean> {
  const hosts = (await host.read('/etc/hosts')) ?? '';
  return hosts
    .split('\n')
    .map((line) => line.replace(/#.*$/, '').trim().split(/\s+/))
    .filter(([address]) => address !== undefined && !address.startsWith('127.') && address !== '::1')
    .some(([, ...names]) => names.includes(target.nodeName));
}

export async function resolves(host: Host, name: string): Promise<boolean> {
  try {
    return (await host.resolve(name, { timeoutMs: 5_000 })).length > 0;
  } catch (error) {
    if (error instanceof FlotillaError) return false;
    throw error;
  }
}

/**
 * A cluster's endpoint may be a name that leads nowhere until the first control plane stands behind it. That machine
 * finds itself under it; every other one has to find it by DNS, which is the operator's.
 */
async function endpointLine({ host, facts, target }: StepContext): Promise<string | undefined> {
  const endpoint = target.cluster?.endpoint ?? '';
  if (endpoint === '' || target.cluster?.bootstrap !== Bootstrap.INIT) return undefined;
  const name = splitEndpoint(endpoint).host;
  if (isAddress(name) || (await resolves(host, name))) return undefined;
  return `${facts.nodeAddress} ${name} # flotilla-agent: the cluster's endpoint`;
}

/** kubeadm and the kubelet look the node's name up; a host without DNS for itself needs a line of its own. */
export const hostsEntry: Step = {
  name: 'hosts-entry',
  phase: 'prepare-host',
  deadlineMs: 30_000,
  async check(context) {
    const hosts = ((await context.host.read('/etc/hosts')) ?? '').split('\n');
    const line = await endpointLine(context);
    const found = line === undefined || hosts.includes(line);
    return found && (await isNamed(context)) ? 'done' : 'needed';
  },
  async apply(context) {
    if (!(await isNamed(context))) await context.changes.addHostsLine(nodeLine(context));
    const line = await endpointLine(context);
    if (line !== undefined) await context.changes.addHostsLine(line);
  },
};
