import {
  ClusterCredentials,
  MachineRole,
  Membership,
  NonceReport,
  NonceState,
  ObservedState,
  type StepReport,
} from '@flotilla/proto';
import type { Host } from '../host/host.js';
import { readCredentials } from '../steps/init/sign-client.js';
import { paths } from '../host/paths.js';
import type { MembershipRecord } from '../steps/step.js';

export async function readBootId(host: Host): Promise<string> {
  return ((await host.read('/proc/sys/kernel/random/boot_id')) ?? '').trim();
}

/** Version of the kubelet that is in place: the directory its link points into. */
export async function installedVersion(host: Host): Promise<string | undefined> {
  const target = await host.readLink(`${paths.programs}/kubelet`);
  return target === undefined ? undefined : new RegExp(`^${paths.kubernetes}/(v[^/]+)/bin/kubelet$`).exec(target)?.[1];
}

export interface NonceView {
  readonly act: string;
  readonly nonce: string;
  readonly state: 'started' | 'done' | 'failed' | 'interrupted' | 'spent';
}

export interface ObserveInput {
  readonly host: Host;
  readonly stateDir: string;
  readonly bootId: string;
  readonly acknowledged: { readonly epoch: bigint; readonly generation: bigint };
  readonly observedGeneration: bigint;
  readonly converged: boolean;
  readonly clean: boolean;
  readonly steps: StepReport[];
  readonly nonces: readonly NonceView[];
  readonly membership: MembershipRecord | undefined;
  readonly kubeletRunning: boolean;
  readonly isolated: boolean;
  readonly templateRevision: number;
}

const nonceStates: Readonly<Record<NonceView['state'], NonceState>> = {
  started: NonceState.STARTED,
  done: NonceState.DONE,
  failed: NonceState.FAILED,
  interrupted: NonceState.INTERRUPTED,
  // Not ours to know: it was spent before this journal began.
  spent: NonceState.DONE,
};

/** The whole report: what this host is, read from the host and the journal, not from the target. */
export async function observe(input: ObserveInput): Promise<ObservedState> {
  const joined = input.membership?.state === 'joined';
  const credentials = input.membership?.role === 'control-plane' && joined ? await readCredentials(input) : undefined;
  const role = !joined
    ? MachineRole.NONE
    : input.membership?.role === 'control-plane'
      ? MachineRole.CONTROL_PLANE
      : MachineRole.WORKER;
  return ObservedState.create({
    acknowledgedEpoch: input.acknowledged.epoch,
    acknowledgedGeneration: input.acknowledged.generation,
    observedGeneration: input.observedGeneration,
    converged: input.converged,
    clean: input.clean,
    steps: input.steps,
    nonces: input.nonces.map(({ act, nonce, state }) => NonceReport.create({ act, nonce, state: nonceStates[state] })),
    bootId: input.bootId,
    membership: Membership.create({
      role,
      clusterId: joined ? (input.membership?.clusterId ?? '') : '',
      nodeName: joined ? (input.membership?.nodeName ?? '') : '',
      kubeletVersion: (await installedVersion(input.host)) ?? '',
      containerRuntime: (await input.host.exists(paths.containerdSocket)) ? 'containerd' : '',
      kubeletRunning: input.kubeletRunning,
    }),
    isolated: input.isolated,
    templateRevision: BigInt(input.templateRevision),
    credentials: credentials === undefined ? undefined : ClusterCredentials.create(credentials),
  });
}
