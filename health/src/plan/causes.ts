import { RepairRung } from '@flotilla/proto';
import type { HealthRules } from './policy.js';

/** What can be wrong with a node, the one to be treated first at the top. */
export type Cause =
  | 'ReadonlyFilesystem'
  | 'CertificatesExpired'
  | 'IdentityRefused'
  | 'DiskPressure'
  | 'InodePressure'
  | 'ContainerRuntimeUnhealthy'
  | 'KubeletUnhealthy'
  | 'ApiServerUnreachable'
  | 'ClockSkew'
  | 'KernelProblem'
  | 'NetworkPluginUnhealthy'
  | 'NodeObjectMissing'
  | 'ReadyFalse'
  | 'ReadyUnknown'
  | 'LeaseStale'
  | 'CertificatesExpiring'
  | 'StartupTimeout'
  | 'HostGone';

export interface CauseRule {
  /** How long it must hold before the ladder starts. */
  timeoutMs(rules: HealthRules): number;
  /** Rungs in order, the one that fits first; after the last a person is asked. */
  readonly rungs: readonly RepairRung[];
  /** Disruptive rungs may be taken although the kubelet is Ready: the agent has proven the fault by trying. */
  readonly evenWhenReady?: true;
  /** The node still serves: it does not count for the breakers. */
  readonly warning?: true;
  /** What a person is asked to do when the ladder is at its end. */
  readonly ask: string;
}

const { RESTART_KUBELET, RESTART_RUNTIME, RENEW_CERTIFICATES, FREE_DISK, REBOOT, REJOIN, REPLACE } = RepairRung;

const readyFalse = (rules: HealthRules): number => rules.readyFalseTimeoutMs;
const readyUnknown = (rules: HealthRules): number => rules.readyUnknownTimeoutMs;
const generalRungs = [RESTART_KUBELET, RESTART_RUNTIME, REBOOT, REJOIN, REPLACE];
const readLogs = 'Look at: journalctl -u kubelet -u containerd';

/** The ladder of each cause. Keys are in order of precedence. */
export const causes: Readonly<Record<Cause, CauseRule>> = {
  ReadonlyFilesystem: {
    timeoutMs: (rules) => rules.readonlyFilesystemTimeoutMs,
    rungs: [REBOOT, REPLACE],
    evenWhenReady: true,
    ask: 'Check the disk (dmesg, smartctl, fsck), then replace the node or reboot the machine',
  },
  CertificatesExpired: {
    timeoutMs: (rules) => rules.kubeletUnhealthyTimeoutMs,
    rungs: [RENEW_CERTIFICATES, RESTART_KUBELET, REJOIN, REPLACE],
    ask: 'Renew the certificates on the host by hand, or replace the node',
  },
  IdentityRefused: {
    timeoutMs: readyUnknown,
    rungs: [RENEW_CERTIFICATES, RESTART_KUBELET, REJOIN, REPLACE],
    ask: "The API server does not take the kubelet's certificate. Replace the node",
  },
  DiskPressure: {
    timeoutMs: (rules) => rules.diskPressureTimeoutMs,
    rungs: [FREE_DISK, REPLACE],
    ask: 'Free space below /var, or give the machine a bigger disk; Flotilla removes only unused images and its own logs',
  },
  InodePressure: {
    timeoutMs: (rules) => rules.diskPressureTimeoutMs,
    rungs: [FREE_DISK, REPLACE],
    ask: 'Find what made so many files below /var and remove it',
  },
  ContainerRuntimeUnhealthy: {
    timeoutMs: (rules) => rules.runtimeUnhealthyTimeoutMs,
    rungs: [RESTART_RUNTIME, RESTART_KUBELET, REBOOT, REJOIN, REPLACE],
    ask: 'Look at: journalctl -u containerd',
  },
  KubeletUnhealthy: {
    timeoutMs: (rules) => rules.kubeletUnhealthyTimeoutMs,
    rungs: generalRungs,
    ask: 'Look at: journalctl -u kubelet',
  },
  // The network: no host is rebooted or replaced for it, or a broken route would take the whole pool.
  ApiServerUnreachable: {
    timeoutMs: readyUnknown,
    rungs: [RESTART_KUBELET],
    ask: 'Check the route and the firewall from the host to the API server; Flotilla does not reboot hosts for the network',
  },
  ClockSkew: { timeoutMs: readyFalse, rungs: [], ask: 'Set the clock of the host: start chrony or systemd-timesyncd' },
  KernelProblem: { timeoutMs: readyFalse, rungs: [REBOOT, REPLACE], ask: 'Look at: dmesg' },
  NetworkPluginUnhealthy: {
    timeoutMs: readyFalse,
    rungs: [RESTART_RUNTIME, RESTART_KUBELET, REBOOT, REPLACE],
    ask: 'Look at the pods of the network plugin on this node: kubectl get pods -A -o wide',
  },
  NodeObjectMissing: {
    timeoutMs: readyFalse,
    rungs: [RESTART_KUBELET, REJOIN, REPLACE],
    ask: 'Somebody deleted the Node object. Remove the node, or restart its kubelet',
  },
  ReadyFalse: { timeoutMs: readyFalse, rungs: generalRungs, ask: readLogs },
  ReadyUnknown: { timeoutMs: readyUnknown, rungs: generalRungs, ask: readLogs },
  LeaseStale: { timeoutMs: readyUnknown, rungs: generalRungs, ask: readLogs },
  CertificatesExpiring: {
    timeoutMs: (rules) => rules.startupTimeoutMs,
    rungs: [RENEW_CERTIFICATES],
    warning: true,
    ask: 'Renew the certificates of the host before they expire',
  },
  // The agent repeats what can be repeated while it joins; when the time is over another machine is the cure.
  StartupTimeout: {
    timeoutMs: () => 0,
    rungs: [REPLACE],
    ask: 'See which phase it stands in: flotilla describe node',
  },
  HostGone: { timeoutMs: readyUnknown, rungs: [REPLACE], ask: 'Switch the machine on, or enroll a spare' },
};

/** In order of precedence. */
export const causeNames = Object.keys(causes) as readonly Cause[]; // a record has its own keys

/** The rule of a stored cause; one we do not know is treated as a node that is just not Ready. */
export function causeRule(cause: string): CauseRule {
  return isCause(cause) ? causes[cause] : causes.ReadyFalse;
}

export const isCause = (text: string): text is Cause => Object.hasOwn(causes, text);

/** Rungs that take a node out of service. */
export const disruptiveRungs: ReadonlySet<RepairRung> = new Set([REBOOT, REJOIN, REPLACE]);
/** Rungs that need nobody on the host. */
export const outOfClusterRungs: ReadonlySet<RepairRung> = new Set([REPLACE]);

/** How long a rung may take until the node is seen to be well. A reboot has the time of a start. */
export function rungBudgetMs(rung: RepairRung, rules: HealthRules): number {
  if (rung === REBOOT || rung === REJOIN || rung === REPLACE) return Math.max(rules.startupTimeoutMs, 10 * 60_000);
  return rung === FREE_DISK || rung === RENEW_CERTIFICATES ? 5 * 60_000 : 3 * 60_000;
}
