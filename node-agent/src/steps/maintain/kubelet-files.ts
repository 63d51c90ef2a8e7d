import type { Host } from '../../host/host.js';
import { kubeletHealthy } from '../../host/kubelet.js';
import { paths } from '../../host/paths.js';
import { systemctl } from '../../host/units.js';
import type { Step, StepContext } from '../step.js';

/** What kubeadm wrote for the kubelet of this node; without any of them it does not start. No keys are in them. */
const files = [
  `${paths.kubelet}/config.yaml`,
  `${paths.kubelet}/kubeadm-flags.env`,
  `${paths.etcKubernetes}/kubelet.conf`,
] as const;

export function keptDir(stateDir: string): string {
  return `${stateDir}/kubelet-files`;
}

function keptPath(stateDir: string, path: string): string {
  return `${keptDir(stateDir)}/${path.slice(path.lastIndexOf('/') + 1)}`;
}

/** Keeps the files as they are now. Called when kubeadm has just written them, and they are known to be good. */
export async function keepKubeletFiles({ host, stateDir }: Pick<StepContext, 'host' | 'stateDir'>): Promise<void> {
  await host.makeDir(keptDir(stateDir), 0o700);
  for (const path of files) {
    const text = await host.read(path);
    if (text !== undefined) await host.writeAtomic(keptPath(stateDir, path), text, 0o600);
  }
}

async function drifted({ host, stateDir }: StepContext): Promise<readonly string[]> {
  const found: string[] = [];
  for (const path of files) {
    const kept = await host.read(keptPath(stateDir, path));
    if (kept !== undefined && (await readable(host, path)) !== kept) found.push(path);
  }
  return found;
}

/** Also what is no text any more, or no file, only differs. */
async function readable(host: Host, path: string): Promise<string | undefined> {
  return host.read(path).catch(() => undefined);
}

/** The kubelet's own files are as kubeadm wrote them; what was damaged or changed since is put back. */
export const kubeletFiles: Step = {
  name: 'kubelet-files',
  phase: 'maintenance',
  deadlineMs: 120_000,
  async check(context) {
    const kept = await context.host.list(keptDir(context.stateDir));
    if (kept === undefined || kept.length === 0) return 'needed';
    return (await drifted(context)).length === 0 ? 'done' : 'needed';
  },
  async apply(context) {
    const { host, stateDir, log } = context;
    if (!(await host.exists(keptDir(stateDir)))) {
      // A node of an earlier release: what its kubelet runs with is taken for good, if it runs.
      if (await kubeletHealthy(host)) await keepKubeletFiles(context);
      else await host.makeDir(keptDir(stateDir), 0o700);
      return;
    }
    const changed = await drifted(context);
    for (const path of changed) {
      const text = await host.read(keptPath(stateDir, path));
      if (text !== undefined) await host.writeAtomic(path, text, path.startsWith(paths.kubelet) ? 0o644 : 0o600);
    }
    if (changed.length === 0) return;
    log.warn({ files: changed }, 'files of the kubelet were not as kubeadm wrote them and were put back');
    await systemctl(host, 'restart', 'kubelet.service');
  },
};
