import { rmSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { ControlPlane } from './control-plane.js';
import { clusterName, poolName, type QuickstartOptions } from './stages.js';

/** Without root there are no local servers: the control plane alone, and the line to paste on one's own. */
export async function withoutRoot(options: QuickstartOptions, verb: 'up' | 'down'): Promise<number> {
  const { progress } = options;
  const publicUrl = `https://${reachableAddress()}:7440`;
  const dir = join(options.dir, 'user');
  const controlPlane = new ControlPlane({ root: options.root, dir, publicUrl, listen: '0.0.0.0:7440' });
  if (verb === 'down') {
    await controlPlane.stop();
    rmSync(dir, { recursive: true, force: true });
    progress.line('The control plane is stopped and its files are removed.');
    return 0;
  }
  progress.line('Not root: no local servers. The control plane starts alone; use your own servers.');
  await progress.stage('control plane', async (stage) => {
    stage.note(publicUrl);
    await controlPlane.start();
    await controlPlane.login();
  });
  if ((await controlPlane.tryFlotilla(['get', 'cluster', clusterName])).code === 3) {
    await controlPlane.flotilla([
      'create',
      'cluster',
      clusterName,
      '--kubernetes-version',
      options.kubernetesVersion,
      '--cni',
      'flannel',
    ]);
    await controlPlane.flotilla(['create', 'pool', poolName, '--cluster', clusterName]);
  }
  const first = await controlPlane.flotilla(['token', 'create', '--cluster', clusterName, '--pool', 'control-plane']);
  const others = await controlPlane.flotilla(['token', 'create', '--cluster', clusterName, '--pool', poolName]);
  process.stdout.write(
    `\nOn the server that becomes the Kubernetes control plane:\n${first}\nOn a server that becomes a worker:\n${others}\n`,
  );
  progress.line('The machines wait until the control plane has Kubernetes for them:');
  await progress.stage('kubernetes', async (stage) => {
    const version = options.kubernetesVersion;
    const sync = (source: string): string[] => ['artifacts', 'sync', version, '--source', source, '--progress'];
    stage.note(`${version} from the release sites`);
    const upstream = await controlPlane.tryFlotilla(sync('upstream'));
    if (upstream.code === 0) return;
    stage.note(`${version} from Go modules (the release sites cannot be reached)`);
    await controlPlane.flotilla(sync('build'), stage.detail);
  });
  return 0;
}

/** An address of this machine that servers can reach, as far as can be told from here. */
function reachableAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find((a) => a.family === 'IPv4' && !a.internal)?.address ?? hostname();
}
