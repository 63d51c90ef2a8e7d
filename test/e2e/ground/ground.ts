import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hostArchitecture, openMirror } from '@flotilla/artifacts';
import { systemClock } from '@flotilla/kit';
import { ControlPlane } from '../../quickstart/control-plane.js';
import { installCommand } from '../../quickstart/install.js';
import { run, runOk, type Finished } from '../../quickstart/process.js';
import { cacheDir, openBed, type Bed, type Server } from '../../testbed/index.js';
import { root } from '../support.js';
import { openApi, type Api } from './api.js';

/** What clusters run, and what one pool runs that stays a minor version behind. */
export const version = 'v1.35.4';
export const olderVersion = 'v1.34.4';

/** Any of them may become a control plane or a worker: Flotilla chooses. */
export const serverNames = ['s1', 's2', 's3', 's4', 's5', 's6', 's7', 's8', 's9'] as const;
/** Enough for preflight; the file behind it holds only what is written. */
const diskMiB = 24 * 1024;
/** Where they stand, in turn: a control plane of three wants three. */
const zones = ['a', 'b', 'c'];

export const groundDir = join(root, '.flotilla/ground');
const bedName = 'ground';
const kubectlPath = join(groundDir, 'kubectl');

/** While tests are written: the ground and its clusters stay after a run, and the next run goes on with them. */
export const keepGround = process.env['FLOTILLA_E2E_KEEP'] !== undefined;

export interface Ground {
  readonly bed: Bed;
  readonly controlPlane: ControlPlane;
  readonly api: Api;
  readonly url: string;
  /** The balancer in front of every server that listens there, host:port; for one cluster at a time. */
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
  const { address, caPem, apiKey } = adminFile(controlPlane);
  return {
    bed,
    controlPlane,
    api: openApi(address, caPem, apiKey),
    url: `https://${host}:7440`,
    endpoint: `${host}:6443`,
    server: (name) => bed.server(name),
  };
}

/** What the first start of the server wrote for `flotilla login`. */
export function adminFile(controlPlane: ControlPlane): { address: string; caPem: string; apiKey: string } {
  const file = JSON.parse(readFileSync(join(controlPlane.dataDir, 'admin.json'), 'utf8')) as {
    server: string;
    caPem: string;
    apiKey: string;
  }; // written by the server
  return { address: file.server.replace(/^https:\/\//, ''), caPem: file.caPem, apiKey: file.apiKey };
}

/** A ground that an earlier run was asked to keep, running again. */
export async function resumeGround(): Promise<Bed | undefined> {
  const bed = bedOfGround();
  if (bed.servers().length !== serverNames.length) return undefined;
  await bed.up(serverNames.map((name) => ({ name, diskMiB })));
  await controlPlaneAt(bed.hostAddress).start();
  return bed;
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

/** One token for each zone, as a person with three racks would do it. */
async function enroll(controlPlane: ControlPlane, servers: readonly Server[]): Promise<void> {
  for (const [i, zone] of zones.entries()) {
    const mine = servers.filter((_, at) => at % zones.length === i);
    const args = ['--max-uses', String(mine.length), '--location', `lab/north/${zone}`];
    const line = await installCommand(controlPlane, args, ' --no-follow');
    await Promise.all(
      mine.map(async (server) => {
        await server.execOk(['sh', '-c', line], { timeoutMs: 300_000 });
        await controlPlane.flotilla(['wait', `machine/${server.name}`, '--for', 'available', '--timeout', '2m']);
      }),
    );
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
export async function kubectlFor(api: Api, cluster: string, as = 'admin'): Promise<Kubectl> {
  const { kubeconfig } = await api.clusters.issueKubeconfig({ project: 'default', cluster });
  const path = join(groundDir, `${cluster}.${as}.kubeconfig`);
  writeFileSync(path, kubeconfig, { mode: 0o600 });
  const words = [kubectlPath, '--kubeconfig', path, '--request-timeout=15s'];
  return {
    run: (args, input) => run([...words, ...args], { timeoutMs: 60_000, ...(input === undefined ? {} : { input }) }),
    ok: (args, input) => runOk([...words, ...args], { timeoutMs: 60_000, ...(input === undefined ? {} : { input }) }),
  };
}

/** Real kubectl with one kubeconfig. */
export interface Kubectl {
  /** Whatever the exit code. */
  readonly run: (args: readonly string[], input?: string) => Promise<Finished>;
  readonly ok: (args: readonly string[], input?: string) => Promise<string>;
}

/** Where things that take long to build are kept. */
export function buildCacheDir(): string {
  return dirname(cacheDir());
}
