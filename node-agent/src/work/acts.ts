import { FlotillaError, unreachable } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { lastLine, systemctl } from '../host/units.js';
import { paths } from '../host/paths.js';
import type { Act } from './journal-line.js';

export interface ActPorts {
  readonly host: Host;
  readonly controlPlane: boolean;
  /** Forgets what was parked. */
  readonly unpark: () => void;
  /** Leaves the cluster; what follows is derived from the target. Throws when it could not be finished. */
  readonly reset: () => Promise<void>;
}

/** Carries one act out. Its journal line is on disk already. */
export async function carryOut(act: Act, ports: ActPorts): Promise<void> {
  const { host } = ports;
  switch (act) {
    case 'retry':
      ports.unpark();
      return;
    case 'restart-kubelet':
      return systemctl(host, 'restart', 'kubelet.service');
    case 'restart-runtime':
      return systemctl(host, 'restart', 'containerd.service');
    case 'renew-certificates':
      return renewCertificates(host, ports.controlPlane);
    case 'reset':
      return ports.reset();
    case 'reboot':
      return systemctl(host, 'reboot');
    default:
      return unreachable(act);
  }
}

/** A worker's kubelet rotates its own certificates; restarting it makes it look again. */
async function renewCertificates(host: Host, controlPlane: boolean): Promise<void> {
  if (controlPlane) {
    const result = await host.run([`${paths.programs}/kubeadm`, 'certs', 'renew', 'all'], { timeoutMs: 120_000 });
    if (result.exitCode !== 0)
      throw new FlotillaError('CERTS_RENEW_FAILED', `kubeadm certs renew: ${lastLine(result.stderr)}`, {
        kind: 'unavailable',
      });
    for (const name of ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'etcd'])
      await restartStaticPod(host, name);
  }
  await systemctl(host, 'restart', 'kubelet.service');
}

/** Static pods read their certificates when they start; ending their container is how they are started anew. */
async function restartStaticPod(host: Host, name: string): Promise<void> {
  const on = [`${paths.programs}/ctr`, '-n', 'k8s.io'] as const;
  const found = await host.run([...on, 'containers', 'ls', '-q', `labels."io.kubernetes.container.name"==${name}`], {
    timeoutMs: 30_000,
  });
  for (const id of found.stdout.split('\n').filter((line) => line !== '')) {
    await host.run([...on, 'tasks', 'kill', '--signal', 'SIGTERM', id], { timeoutMs: 30_000 });
  }
}
