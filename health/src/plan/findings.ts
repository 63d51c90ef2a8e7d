import { ConditionStatus, type Probe } from '@flotilla/proto';
import { causeNames, type Cause } from './causes.js';

/** What the agent's probes prove. `True` is bad for pressures and problems, good for the rest. */
const probeKinds: Readonly<Record<string, { readonly bad: ConditionStatus; readonly cause?: Cause }>> = {
  KubeletHealthy: { bad: ConditionStatus.FALSE, cause: 'KubeletUnhealthy' },
  ContainerRuntimeHealthy: { bad: ConditionStatus.FALSE, cause: 'ContainerRuntimeUnhealthy' },
  DiskPressure: { bad: ConditionStatus.TRUE, cause: 'DiskPressure' },
  InodePressure: { bad: ConditionStatus.TRUE, cause: 'InodePressure' },
  ReadonlyFilesystem: { bad: ConditionStatus.TRUE, cause: 'ReadonlyFilesystem' },
  CertificatesExpiring: { bad: ConditionStatus.TRUE, cause: 'CertificatesExpiring' },
  // These alone make no node sick; they say why a kubelet is not Ready.
  ApiServerReachable: { bad: ConditionStatus.FALSE, cause: 'ApiServerUnreachable' },
  ClockSkew: { bad: ConditionStatus.TRUE, cause: 'ClockSkew' },
  KernelProblem: { bad: ConditionStatus.TRUE, cause: 'KernelProblem' },
  NetworkPluginHealthy: { bad: ConditionStatus.FALSE, cause: 'NetworkPluginUnhealthy' },
  NodeLease: { bad: ConditionStatus.FALSE, cause: 'LeaseStale' },
  // These are shown, and nothing follows from them.
  MemoryPressure: { bad: ConditionStatus.TRUE },
  DnsHealthy: { bad: ConditionStatus.FALSE },
  RebootRequired: { bad: ConditionStatus.TRUE },
  AgentCrashLoop: { bad: ConditionStatus.TRUE },
};

/** Where the reason of a probe makes another cause of it. */
const reasonCauses: Readonly<Partial<Record<string, Cause>>> = {
  'CertificatesExpiring Expired': 'CertificatesExpired',
  // It is reached, and does not take the kubelet's certificate: not the network.
  'ApiServerReachable Unauthorized': 'IdentityRefused',
};

/** Causes that say why a kubelet is not Ready, and that prove nothing while it is. */
const explainingOnly: ReadonlySet<Cause> = new Set([
  'ApiServerUnreachable',
  'ClockSkew',
  'KernelProblem',
  'NetworkPluginUnhealthy',
  'IdentityRefused',
  'LeaseStale',
]);

export interface Finding {
  readonly cause: Cause;
  /** The probe's own sentence. */
  readonly message: string;
}

/** Whether a probe tells of something bad. A probe of a kind we do not know is shown and proves nothing. */
export function isBad({ type, status }: Pick<Probe, 'type' | 'status'>): boolean {
  return Object.hasOwn(probeKinds, type) && probeKinds[type]?.bad === status;
}

/** Whether a condition leads to a verdict of the node, which then has the event. */
export function leadsToVerdict(type: string): boolean {
  return Object.hasOwn(probeKinds, type) && probeKinds[type]?.cause !== undefined;
}

/** What the probes prove, the first to be treated at the top. */
export function findingsOf(probes: readonly Probe[], kubelet: { readonly ready: boolean }): Finding[] {
  const found = probes.filter(isBad).flatMap((probe): Finding[] => {
    const cause = reasonCauses[`${probe.type} ${probe.reason}`] ?? probeKinds[probe.type]?.cause;
    if (cause === undefined || (kubelet.ready && explainingOnly.has(cause))) return [];
    return [{ cause, message: probe.message }];
  });
  return found.sort((a, b) => causeNames.indexOf(a.cause) - causeNames.indexOf(b.cause));
}
