import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostArchitecture, openMirror } from '@flotilla/artifacts';
import { systemClock } from '@flotilla/kit';
import { ControlPlane } from '../../quickstart/control-plane.js';
import { installCommand } from '../../quickstart/install.js';
import { cacheDir, openBed, type Bed, type Server } from '../../testbed/index.js';
import { root } from '../support.js';
import { openApi, type Api } from './api.js';

/** What clusters run, and what one pool runs that stays a minor version behind. */
export const version = 'v1.35.4';
export const olderVersion = 'v1.34.4';

export const controlPlaneNames = ['cp1', 'cp2', 'cp3'] as const;
export const workerNames = ['w1', 'w2', 'w3', 'w4', 'w5', 'w6'] as const;
const serverNames = [...controlPlaneNames, ...workerNames];
/** Enough for preflight; the file behind it holds only what is written. */
const diskMiB = 24 * 1024;
/** Servers that install the agent at the same time: each unpacks a runtime. */
const enrollAtOnce = 3;

export const groundDir = join(root, '.flotilla/ground');
const bedName = 'ground';
const kubectlPath = join(groundDir, 'kubectl');

export interface Ground {
  readonly bed: Bed;
  readonly controlPlane: ControlPlane;
  readonly api: Api;
  readonly url: string;
  /** The balancer in front of the servers that may be control planes, host:port. */
  readonly endpoint: string;
  server(name: string): Server;
}

export function bedOfGround(): Bed {
  return openBed({ name: bedName, stateDir: join(groundDir, 'bed') });
}

/** Tells the control plane, a child of this process, what this ground keeps beside the checkout. */
function controlPlaneAt(host: string): ControlPlane {
  process.env['FLOTILLA_ARTIFACTS_DIR'] = join(groundDir, 'mirror');
  process.env['FLOTILLA_AGENT_DIR'] = join(groundDir, 'agent');
  return new ControlPlane({ root, dir: groundDir, publicUrl: `https://${host}:7440`, listen: `${host}:7440` });
}

/** The ground as a test file sees it. */
export function attachGround(): Ground {
  const bed = bedOfGround();
  const host = bed.hostAddress;
  const controlPlane = controlPlaneAt(host);
  const admin = JSON.parse(readFileSync(join(controlPlane.dataDir, 'admin.json'), 'utf8')) as {
    caPem: string;
    apiKey: string;
  }; // written by the server
  return {
    bed,
    controlPlane,
    api: openApi(`${host}:7440`, admin.caPem, admin.apiKey),
    url: `https://${host}:7440`,
    endpoint: `${host}:6443`,
    server: (name) => bed.server(name),
  };
}

/** Boots, starts and enrolls everything; `log` gets a line per stage. */
export async function makeGround(log: (line: string) => void): Promise<Bed> {
  await removeGround();
  mkdirSync(groundDir, { recursive: true, mode: 0o700 });
  // A build that runs meanwhile must not change what is handed out.
  cpSync(join(root, 'installer/dist'), join(groundDir, 'agent'), { recursive: true });
  const bed = bedOfGround();
  const servers = await bed.up(serverNames.map((name) => ({ name, diskMiB })));
  log(`${servers.length} servers are up`);
  const controlPlane = controlPlaneAt(bed.hostAddress);
  await controlPlane.start();
  await controlPlane.login();
  for (const each of [version, olderVersion]) {
    await controlPlane.flotilla(['artifacts', 'sync', each, '--source', 'build']);
    log(`${each} is mirrored`);
  }
  await takeKubectl();
  await enroll(controlPlane, servers);
  log('every server is a spare');
  return bed;
}

/** One token for all of them, as a person with a rack would do it; a label says what each may become. */
async function enroll(controlPlane: ControlPlane, servers: readonly Server[]): Promise<void> {
  for (const use of ['control-plane', 'worker']) {
    const mine = servers.filter(({ name }) => name.startsWith('cp') === (use === 'control-plane'));
    const args = ['--max-uses', String(mine.length), '--label', `use=${use}`];
    const line = await installCommand(controlPlane, args, ' --no-follow');
    await inTurns(mine, enrollAtOnce, async (server) => {
      await server.execOk(['sh', '-c', line], { timeoutMs: 300_000 });
      await controlPlane.flotilla(['wait', `machine/${server.name}`, '--for', 'available', '--timeout', '2m']);
    });
  }
}

/** Does the work for each, so many at once. */
export async function inTurns<T>(items: readonly T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const line = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, line));
}

async function takeKubectl(): Promise<void> {
  const mirror = openMirror(join(groundDir, 'mirror'), { clock: systemClock });
  const arch = hostArchitecture();
  if (arch === undefined) throw new Error(`there is no Kubernetes for this kind of machine (${process.arch})`);
  copyFileSync((await mirror.open(version, arch, 'kubectl')).path, kubectlPath);
  chmodSync(kubectlPath, 0o755);
}

/** Removes all of it, also after a run that was killed. */
export async function removeGround(): Promise<void> {
  await controlPlaneAt('127.0.0.1').stop();
  await bedOfGround().down();
  rmSync(groundDir, { recursive: true, force: true });
}

/** What is still there after {@link removeGround}. */
export async function groundLeftovers(): Promise<string[]> {
  return [...(await bedOfGround().leftovers()), ...(existsSync(groundDir) ? [groundDir] : [])];
}

/** Writes the caller's kubeconfig for a cluster and gives the words that real kubectl begins with. */
export async function kubectlFor(ground: Ground, cluster: string, env?: NodeJS.ProcessEnv): Promise<string[]> {
  const { kubeconfig } = await ground.api.clusters.issueKubeconfig({ project: 'default', cluster });
  const path = join(groundDir, `${cluster}.kubeconfig`);
  writeFileSync(path, kubeconfig, { mode: 0o600 });
  void env;
  return [kubectlPath, '--kubeconfig', path, '--request-timeout=20s'];
}

/** Where things that take long to build are kept. */
export function buildCacheDir(): string {
  return dirname(cacheDir());
}
