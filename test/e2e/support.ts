import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { openBed, type Bed, type Server, type ServerSpec } from '../testbed/index.js';
import type { ControlPlane } from '../quickstart/control-plane.js';
import { installCommand } from '../quickstart/install.js';
import { Progress } from '../quickstart/progress.js';
import { runOk } from '../quickstart/process.js';
import { clusterName, controlPlaneOf, poolName, type QuickstartOptions } from '../quickstart/stages.js';

// A bundled bench is not where its source is: it is told.
export const root = process.env['FLOTILLA_ROOT'] ?? resolve(import.meta.dirname, '../..');
export const quickstartDir = join(root, '.flotilla/quickstart');
export const outputFile = join(root, '.flotilla/quickstart-output.json');
export const bedName = 'demo';

export interface Fleet {
  readonly bed: Bed;
  readonly controlPlane: ControlPlane;
}

/** The running quickstart, as another process sees it. */
export function attach(): Fleet {
  const options: QuickstartOptions = {
    root,
    dir: quickstartDir,
    bedName,
    kubernetesVersion: 'v1.34.4',
    progress: new Progress(),
  };
  const bed = openBed({ name: bedName, stateDir: join(quickstartDir, 'bed') });
  return { bed, controlPlane: controlPlaneOf(options, bed) };
}

export async function addServer(fleet: Fleet, spec: ServerSpec): Promise<Server> {
  const [server] = await fleet.bed.up([spec]);
  if (server === undefined) throw new Error('the bed gave no server');
  return server;
}

export interface Installed {
  readonly code: number;
  readonly output: string;
}

/** Pastes a fresh line for the pool of the quickstart into the server. */
export async function install(fleet: Fleet, server: Server, scriptArgs = ''): Promise<Installed> {
  return paste(
    server,
    await installCommand(fleet.controlPlane, ['--pool', poolName, '--cluster', clusterName], scriptArgs),
  );
}

export async function paste(server: Server, line: string): Promise<Installed> {
  const result = await server.exec(['sh', '-c', line], { timeoutMs: 900_000 });
  return { code: result.code, output: `${result.stdout}${result.stderr}` };
}

export async function waitReady(fleet: Fleet, name: string, timeout = '5m'): Promise<string> {
  return fleet.controlPlane.flotilla(['wait', `node/${name}`, '--for', 'ready', '--timeout', timeout]);
}

/** Takes the node out of its pool and waits until its machine is a clean spare. */
export async function removeNode(fleet: Fleet, name: string): Promise<void> {
  await fleet.controlPlane.flotilla(['remove', 'node', name, '--yes']);
  await fleet.controlPlane.flotilla(['wait', `machine/${name}`, '--for', 'available', '--timeout', '5m']);
}

/** Real kubectl with the kubeconfig that the quickstart wrote. */
export async function kubectl(...args: string[]): Promise<string> {
  return runOk(
    [join(quickstartDir, 'kubectl'), '--kubeconfig', join(quickstartDir, `${clusterName}.kubeconfig`), ...args],
    {
      timeoutMs: 120_000,
    },
  );
}

export interface JournalLine {
  readonly n: number;
  readonly kind: string;
  readonly step?: string;
  readonly state?: string;
}

/** The agent's journal on a server; empty before there is one. */
export async function journal(server: Server): Promise<JournalLine[]> {
  const result = await server.exec(['cat', '/var/lib/flotilla-agent/journal.jsonl']);
  if (result.code !== 0) return [];
  return result.stdout.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as JournalLine]; // written by the agent; a line that is being written is not whole yet
    } catch {
      return [];
    }
  });
}

/** Looks every `everyMs` until the condition gives a value; an error names what was waited for. */
export async function until<T>(
  what: string,
  timeoutMs: number,
  look: () => Promise<T | undefined>,
  everyMs = 200,
): Promise<T> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > endMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export function quickstartOutput(): { stdout: string; stderr: string } {
  return JSON.parse(readFileSync(outputFile, 'utf8')) as { stdout: string; stderr: string }; // written by cluster-setup.ts
}
