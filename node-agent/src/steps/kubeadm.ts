import { FlotillaError } from '@flotilla/kit';
import { MachineRole } from '@flotilla/proto';
import type { Host } from '../host/host.js';
import { lastLine } from '../host/units.js';
import { kubeletPatch, type HostAllowance } from './kubeadm-config.js';
import { noteSettings, putSettings } from './kubelet-settings.js';
import { keepKubeletFiles } from './maintain/kubelet-files.js';
import { paths } from '../host/paths.js';
import { hasKernelDefaults } from './prepare-host/set-sysctls.js';
import { StepProblems, StepWaiting, type MembershipRecord, type StepContext } from './step.js';

const kubeadm = `${paths.programs}/kubeadm`;
const conntrackMax = '/proc/sys/net/netfilter/nf_conntrack_max';

/** Files by which kubeadm's work is seen. */
export const membershipFiles = [
  `${paths.etcKubernetes}/kubelet.conf`,
  `${paths.etcKubernetes}/bootstrap-kubelet.conf`,
  `${paths.etcKubernetes}/admin.conf`,
  `${paths.etcKubernetes}/pki/ca.crt`,
  `${paths.etcKubernetes}/manifests/kube-apiserver.yaml`,
  `${paths.kubelet}/config.yaml`,
] as const;

export async function foundMembershipFiles(host: Host): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of membershipFiles) if (await host.exists(path)) found.push(path);
  return found;
}

/** Finds out what this host allows by trying it. */
export async function probeAllowance(host: Host): Promise<HostAllowance> {
  return { kernelDefaults: await hasKernelDefaults(host), conntrack: await mayWriteConntrack(host) };
}

async function mayWriteConntrack(host: Host): Promise<boolean> {
  const value = await host.read(conntrackMax);
  if (value === undefined) return false;
  try {
    await host.writeDirect(conntrackMax, value.trim());
    return true;
  } catch (error) {
    if (error instanceof FlotillaError) return false;
    throw error;
  }
}

export function wantedMembership({ target }: StepContext, state: MembershipRecord['state']): MembershipRecord {
  return {
    state,
    clusterId: target.cluster?.id ?? '',
    nodeId: target.nodeId,
    nodeName: target.nodeName,
    role: target.role === MachineRole.CONTROL_PLANE ? 'control-plane' : 'worker',
  };
}

/** A kubeadm that an earlier run of the agent started, and that is still at work. */
async function runningKubeadm(host: Host): Promise<string | undefined> {
  for (const entry of (await host.list('/proc')) ?? []) {
    if (!/^\d+$/.test(entry)) continue;
    const executable = await host.readLink(`/proc/${entry}/exe`).catch(() => undefined);
    if (executable?.endsWith('/kubeadm') === true) return entry;
  }
  return undefined;
}

/** `kubeadm reset` of what our own earlier attempt left; never called for a membership the journal does not know. */
export async function resetOwn(context: StepContext, extraArgs: readonly string[] = []): Promise<void> {
  const { host, signal } = context;
  if (!(await host.exists(kubeadm))) return;
  const argv = ['reset', '--force', '--cri-socket', `unix://${paths.containerdSocket}`, ...extraArgs];
  const result = await host.run([kubeadm, ...argv], { timeoutMs: 300_000, signal });
  context.log.info({ exitCode: result.exitCode }, 'kubeadm reset ran');
}

export interface KubeadmRun {
  readonly context: StepContext;
  readonly verb: 'init' | 'join';
  readonly config: string;
  readonly extraArgs: readonly string[];
}

/**
 * Runs kubeadm with a configuration file that only root can read and that goes when it ends, so no secret is in argv or
 * stays on disk. What an earlier, unfinished attempt of ours left is reset first; what others left is refused.
 */
export async function runKubeadm({ context, verb, config, extraArgs }: KubeadmRun): Promise<void> {
  const { host, memory, facts, signal } = context;
  const pid = await runningKubeadm(host);
  if (pid !== undefined) {
    const problem = { code: 'KUBEADM_RUNNING', message: `a kubeadm (pid ${pid}) is still at work`, remedy: '' };
    throw new StepWaiting(problem, 5_000);
  }
  const found = await foundMembershipFiles(host);
  if (memory.membership() !== undefined) await resetOwn(context);
  else if (found.length > 0) throw foreignFiles(found);
  await memory.setMembership(wantedMembership(context, 'begun'));

  await putSettings(context);
  const stages: string[] = [];
  try {
    await host.makeDir(patchesDir, 0o700);
    const patch = kubeletPatch(facts, await probeAllowance(host));
    await host.writeAtomic(`${patchesDir}/kubeletconfiguration+strategic.json`, patch, 0o600);
    const result = await withKubeadmConfig(host, config, (path) =>
      host.run([kubeadm, verb, '--config', path, ...extraArgs], {
        timeoutMs: verb === 'init' ? 600_000 : 480_000,
        signal,
        onLine: (line) => {
          const stage = /^\[([a-z-]+)\]/.exec(line)?.[1];
          if (stage === undefined || stages[stages.length - 1] === stage) return;
          stages.push(stage);
          context.progress(stage);
        },
      }),
    );
    if (result.exitCode !== 0) throw kubeadmFailed(verb, stages[stages.length - 1] ?? 'start', result);
  } finally {
    await host.remove(patchesDir);
    await host.removeEmptyDir(runDir);
  }
  await noteSettings(context);
  await keepKubeletFiles(context);
}

const runDir = '/run/flotilla-agent';
export const patchesDir = `${runDir}/patches`;

/** A configuration file that only root can read and that goes when the work ends, so that no secret is in argv or stays. */
export async function withKubeadmConfig<T>(host: Host, config: string, work: (path: string) => Promise<T>): Promise<T> {
  const path = `${runDir}/kubeadm.yaml`;
  await host.makeDir(runDir, 0o700);
  try {
    await host.writeAtomic(path, config, 0o600);
    return await work(path);
  } finally {
    await host.remove(path);
    await host.removeEmptyDir(runDir);
  }
}

/** The key that the control plane's certificates are encrypted with; it is in memory only and comes from the control plane. */
export function expectCertificateKey({ secrets }: StepContext): string {
  if (secrets !== undefined && secrets.certificateKey !== '') return secrets.certificateKey;
  throw new StepWaiting(
    {
      code: 'CERTIFICATE_KEY_NEEDED',
      message: 'waiting for the key of the uploaded certificates from the control plane',
      remedy: 'It comes by itself while the agent is connected.',
    },
    10_000,
  );
}

function foreignFiles(found: readonly string[]): StepProblems {
  return new StepProblems(
    [
      {
        code: 'FOREIGN_CLUSTER',
        message: `this machine already has ${found.join(', ')}, which Flotilla did not put there`,
        remedy:
          'It looks like a node of another cluster. Flotilla will not touch it. Take it out of that cluster first (kubeadm reset), then: sudo flotilla-agent doctor',
      },
    ],
    'later',
    60_000,
  );
}

/** After a reset the cluster still counts the old kubelet as Ready until its Lease has run out; kubeadm refuses that long. */
function nodeStillThere(): StepWaiting {
  return new StepWaiting(
    {
      code: 'NODE_STILL_READY',
      message: 'the cluster still counts the node of this name as Ready; it can join when its Lease has run out',
      remedy: 'It is tried again by itself within a minute. If another machine has this name, rename one of the two.',
    },
    10_000,
  );
}

/** Uploaded certificates live two hours; a running member uploads them again when it is asked to. */
function uploadAwaited(errors: readonly string[]): StepWaiting {
  return new StepWaiting(
    {
      code: 'CERTIFICATES_NOT_UPLOADED',
      message: `the control plane's certificates are not in the cluster under this key: ${errors.join('; ').slice(0, 500)}`,
      remedy: 'A running member uploads them again by itself.',
    },
    15_000,
  );
}

function kubeadmFailed(
  verb: string,
  stage: string,
  result: { stdout: string; stderr: string; timedOut: boolean },
): StepProblems {
  const errors = result.stderr
    .split('\n')
    .filter((line) => /\[ERROR |^error:|error execution phase/i.test(line))
    .map((line) => line.trim())
    .slice(0, 5);
  if (/a Node with name \S+ and status "Ready" already exists/.test(errors.join(' '))) throw nodeStillThere();
  if (/kubeadm-certs|certificate-key|download-certs/.test(errors.join(' '))) throw uploadAwaited(errors);
  const said = errors.length > 0 ? errors.join('; ').slice(0, 1500) : lastLine(result.stderr || result.stdout);
  const what = result.timedOut
    ? `kubeadm ${verb} hung in ${stage} and was ended`
    : `kubeadm ${verb} failed in ${stage}: ${said}`;
  return new StepProblems(
    [
      {
        code: verb === 'init' ? 'KUBEADM_INIT_FAILED' : 'KUBEADM_JOIN_FAILED',
        message: what,
        remedy: 'What it left is reset before the next try. Look at: journalctl -u kubelet -n 50',
      },
    ],
    'later',
  );
}
