import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostArchitecture, openMirror } from '@flotilla/artifacts';
import { systemClock } from '@flotilla/kit';
import { openBed, type Bed, type Server } from '../testbed/index.js';
import { buildAppImage } from './app-image.js';
import { appManifest, appNodePort } from './app-manifest.js';
import { ControlPlane } from './control-plane.js';
import { installOn } from './install.js';
import { runOk } from './process.js';
import type { Progress, Stage } from './progress.js';

export interface QuickstartOptions {
  readonly root: string;
  /** Everything of this quickstart is below it. */
  readonly dir: string;
  /** Name of the bed; another name lets a second quickstart run beside the first. */
  readonly bedName: string;
  readonly kubernetesVersion: string;
  readonly progress: Progress;
}

export const clusterName = 'demo';
export const poolName = 'workers';
const controlPlaneServer = 'alpha';
const workers = ['bravo', 'charlie'];

export interface Running {
  readonly bed: Bed;
  readonly controlPlane: ControlPlane;
  readonly kubeconfig: string;
  readonly answers: readonly string[];
}

/** The main job, in order. Each stage looks first and does only what is missing, so a second run goes on where one ended. */
export async function quickstart(options: QuickstartOptions): Promise<Running> {
  const { progress, root, dir } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  let bedLine: (line: string) => void = () => undefined;
  const bed = openBed({ name: options.bedName, stateDir: join(dir, 'bed'), log: (line) => bedLine(line) });
  const servers = await progress.stage('servers', async (stage) => {
    bedLine = stage.detail;
    stage.note(`${[controlPlaneServer, ...workers].join(', ')}: Debian 12, systemd`);
    return bed.up([controlPlaneServer, ...workers]);
  });
  const controlPlane = controlPlaneOf(options, bed);
  await progress.stage('control plane', async (stage) => {
    stage.note(`https://${bed.hostAddress}:7440  SQLite  data ${relativeTo(root, controlPlane.dataDir)}`);
    await controlPlane.start();
    await controlPlane.login();
  });
  await progress.stage('kubernetes', (stage) => mirror(controlPlane, options.kubernetesVersion, stage));
  await takeKubectl(controlPlane, options.kubernetesVersion, dir);
  await progress.stage(`cluster ${clusterName}`, (stage) => join3(controlPlane, servers, options, stage));
  const kubeconfig = join(dir, `${clusterName}.kubeconfig`);
  writeFileSync(kubeconfig, await controlPlane.flotilla(['kubeconfig', clusterName]), { mode: 0o600 });
  const answers = await progress.stage('app', (stage) => deploy(options, servers, kubeconfig, stage));
  return { bed, controlPlane, kubeconfig, answers };
}

export function controlPlaneOf(options: QuickstartOptions, bed: Bed): ControlPlane {
  const address = `${bed.hostAddress}:7440`;
  return new ControlPlane({ root: options.root, dir: options.dir, publicUrl: `https://${address}`, listen: address });
}

async function mirror(controlPlane: ControlPlane, version: string, stage: Stage): Promise<void> {
  stage.note(`${version} and its images from Go modules (cached next time)`);
  await controlPlane.flotilla(['artifacts', 'sync', version, '--source', 'build', '--progress'], stage.detail);
}

async function join3(
  controlPlane: ControlPlane,
  servers: readonly Server[],
  options: QuickstartOptions,
  stage: Stage,
): Promise<void> {
  stage.note(`${controlPlaneServer}: init; ${workers.join(', ')}: join`);
  await ensure(
    controlPlane,
    ['get', 'cluster', clusterName],
    ['create', 'cluster', clusterName, '--kubernetes-version', options.kubernetesVersion, '--cni', 'flannel'],
  );
  await ensure(controlPlane, ['get', 'pool', poolName], ['create', 'pool', poolName, '--cluster', clusterName]);
  await Promise.all(
    servers.map(async (server) => {
      const pool = server.name === controlPlaneServer ? 'control-plane' : poolName;
      await installOn(controlPlane, server, pool, clusterName, join(options.dir, `${server.name}.install.log`));
      await controlPlane.flotilla(['wait', `node/${server.name}`, '--for', 'ready', '--timeout', '10m'], (line) =>
        stage.detail(`${server.name} ${line}`),
      );
    }),
  );
}

/** Creates what is not there yet; any other answer than "not found" (exit code 3) is an error. */
async function ensure(controlPlane: ControlPlane, look: readonly string[], create: readonly string[]): Promise<void> {
  const found = await controlPlane.tryFlotilla(look);
  if (found.code === 0) return;
  if (found.code !== 3) throw new Error(`flotilla ${look.join(' ')}: ${found.stderr.trim()}`);
  await controlPlane.flotilla(create);
}

async function deploy(
  options: QuickstartOptions,
  servers: readonly Server[],
  kubeconfig: string,
  stage: Stage,
): Promise<string[]> {
  stage.note(`express, 2 replicas on ${workers.join(', ')}`);
  const image = await buildAppImage(options.root, join(options.dir, 'app'));
  const workerServers = servers.filter((server) => workers.includes(server.name));
  await Promise.all(
    workerServers.map(async (server) => {
      await server.push(image, '/run/quickstart-app.tar', 0o600);
      await server.execOk(['ctr', '-n', 'k8s.io', 'images', 'import', '/run/quickstart-app.tar'], {
        timeoutMs: 120_000,
      });
      await server.execOk(['rm', '-f', '/run/quickstart-app.tar']);
    }),
  );
  await kubectl(kubeconfig, ['apply', '-f', '-'], appManifest());
  stage.detail('waiting for 2 replicas');
  await kubectl(kubeconfig, ['rollout', 'status', 'deployment/hello', '--timeout=120s']);
  return Promise.all(workerServers.map((server) => fetchUntilAnswered(server)));
}

/** The cluster's own kubectl out of the mirror, with the kubeconfig that Flotilla issued beside it. */
export async function kubectl(kubeconfig: string, args: readonly string[], input?: string): Promise<string> {
  return runOk([join(dirname(kubeconfig), 'kubectl'), '--kubeconfig', kubeconfig, ...args], {
    timeoutMs: 180_000,
    ...(input === undefined ? {} : { input }),
  });
}

/** A machine that runs the quickstart need not have kubectl: the mirror has the one of this version. */
async function takeKubectl(controlPlane: ControlPlane, version: string, dir: string): Promise<void> {
  const mirror = openMirror(join(controlPlane.dataDir, 'artifacts'), { clock: systemClock });
  const arch = hostArchitecture();
  if (arch === undefined) throw new Error(`there is no Kubernetes for this kind of machine (${process.arch})`);
  const { path } = await mirror.open(version, arch, 'kubectl');
  copyFileSync(path, join(dir, 'kubectl'));
  chmodSync(join(dir, 'kubectl'), 0o755);
}

/** From outside the cluster, through the node's port. The first requests on a fresh node may time out (kube-proxy). */
async function fetchUntilAnswered(server: Server): Promise<string> {
  const url = `http://${server.address}:${appNodePort}/`;
  const endMs = performance.now() + 60_000;
  let last = '';
  while (performance.now() < endMs) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      const text = (await response.text()).trim();
      if (response.status === 200) return `GET ${url}  200  ${JSON.stringify(text)}`;
      last = `${response.status} ${text}`;
    } catch (error) {
      last = String(error);
    }
  }
  throw new Error(`GET ${url} did not answer 200 within 60 s: ${last}`);
}

/** Stops the control plane and removes servers and files. Works after a crash of an earlier run, and twice. */
export async function down(options: QuickstartOptions, removeFiles: (dir: string) => void): Promise<void> {
  const bed = openBed({ name: options.bedName, stateDir: join(options.dir, 'bed') });
  await options.progress.stage('control plane', async (stage) => {
    stage.note('stopping');
    const anywhere = new ControlPlane({
      root: options.root,
      dir: options.dir,
      publicUrl: 'https://127.0.0.1:7440',
      listen: '127.0.0.1:7440',
    });
    await anywhere.stop();
  });
  await options.progress.stage('servers', async (stage) => {
    stage.note('switching off and removing');
    await bed.down();
  });
  removeFiles(options.dir);
}

function relativeTo(root: string, path: string): string {
  return path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path;
}
