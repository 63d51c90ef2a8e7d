import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ControlPlane } from '../quickstart/control-plane.js';
import { diffSnapshots, openBed, type Bed, type Server, type ServerSpec, type Snapshot } from '../testbed/index.js';
import { paste, root, until, type Installed } from './support.js';

export const kubernetesVersion = 'v1.34.4';
const dir = join(root, '.flotilla/refusals');
const mirror = join(dir, 'mirror');
const agentDir = join(dir, 'agent');
/** Where the installer of every case was saved, so that it runs without its download. */
const script = '/root/install.sh';

/** A control plane with a mirror of its own, and servers that nothing has touched. */
export interface Ground {
  readonly bed: Bed;
  readonly controlPlane: ControlPlane;
  readonly url: string;
  readonly servers: ReadonlyMap<string, Server>;
}

export async function openGround(specs: readonly ServerSpec[]): Promise<Ground> {
  await closeGround();
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const bed = openBed({ name: 'refuse', stateDir: join(dir, 'bed') });
  const servers = new Map((await bed.up(specs)).map((server) => [server.name, server]));
  const listen = `${bed.hostAddress}:7440`;
  // The server is a child of ControlPlane, which hands on this environment.
  process.env['FLOTILLA_ARTIFACTS_DIR'] = mirror;
  process.env['FLOTILLA_AGENT_DIR'] = agentDir;
  copyMirror();
  // A build that runs meanwhile must not change what is handed out.
  cpSync(join(root, 'installer/dist'), agentDir, { recursive: true });
  const controlPlane = new ControlPlane({ root, dir, publicUrl: `https://${listen}`, listen });
  await controlPlane.start();
  await controlPlane.login();
  await controlPlane.flotilla(['artifacts', 'sync', kubernetesVersion, '--source', 'build']);
  const ground = { bed, controlPlane, url: `https://${listen}`, servers };
  for (const server of servers.values()) {
    await server.writeFile(script, await httpsGet(`${ground.url}/install.sh`), 0o600);
  }
  return ground;
}

export async function closeGround(): Promise<void> {
  await new ControlPlane({ root, dir, publicUrl: 'https://127.0.0.1:7440', listen: '127.0.0.1:7440' }).stop();
  const bed = openBed({ name: 'refuse', stateDir: join(dir, 'bed') });
  await bed.down();
  rmSync(dir, { recursive: true, force: true });
}

/** What was built before is taken over, as a copy of its own: a case damages a file of it. */
function copyMirror(): void {
  const built = join(process.env['FLOTILLA_CACHE'] ?? join(homedir(), '.cache/flotilla'), 'artifacts/mirror');
  if (existsSync(built)) cpSync(built, mirror, { recursive: true });
}

/** One answer of the control plane; who it is, the CLI checks. */
export function httpsGet(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ask = request(url, { rejectUnauthorized: false, timeout: 10_000 }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(text) : reject(new Error(`${url}: ${answer.statusCode}: ${text}`)),
      );
    });
    ask.on('timeout', () => ask.destroy(new Error(`${url}: no answer`)));
    ask.on('error', reject);
    ask.end();
  });
}

export interface Token {
  readonly id: string;
  readonly text: string;
  /** The cluster it is for; empty for spares. */
  readonly cluster: string;
}

export async function createToken({ controlPlane }: Ground, args: readonly string[] = []): Promise<Token> {
  const answer = JSON.parse(await controlPlane.flotilla(['token', 'create', ...args, '-o', 'json'])) as {
    secret: string;
  }; // printed by our CLI
  const cluster = args[args.indexOf('--cluster') + 1] ?? '';
  return {
    id: answer.secret.split('.')[0] ?? '',
    text: answer.secret,
    cluster: args.includes('--cluster') ? cluster : '',
  };
}

/** A cluster of the case's own, and a token for its control plane: no case waits for the machine of another. */
export async function createClusterToken(ground: Ground): Promise<Token> {
  const name = `c-${randomBytes(3).toString('hex')}`;
  const { controlPlane } = ground;
  await controlPlane.flotilla([
    'create',
    'cluster',
    name,
    '--kubernetes-version',
    kubernetesVersion,
    '--cni',
    'flannel',
  ]);
  return createToken(ground, ['--cluster', name, '--pool', 'control-plane']);
}

export interface TokenFacts {
  readonly uses: number;
  readonly state: string;
}

export async function tokenFacts({ controlPlane }: Ground, { id }: Token): Promise<TokenFacts> {
  const facts = JSON.parse(await controlPlane.flotilla(['get', 'token', id, '-o', 'json'])) as {
    uses?: number;
    state?: string;
  }; // as above
  return { uses: facts.uses ?? 0, state: facts.state ?? '' };
}

/** Calls of a gRPC method that the control plane has answered since it started. */
export async function callsOf({ url }: Ground, method: string): Promise<number> {
  const lines = (await httpsGet(`${url}/metrics`))
    .split('\n')
    .filter((line) => line.startsWith('flotilla_grpc_server_duration_seconds_count'));
  return lines
    .filter((line) => line.includes(`${method}"`))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

/** Runs the saved installer with a token. `before` is put in front of it, for example another PATH. */
export function runInstaller(server: Server, token: string, args = '', before = ''): Promise<Installed> {
  return paste(server, `${before} sh ${script} --token ${token} ${args} </dev/null`);
}

/** Like {@link runInstaller}; anything but success is an error that shows what it said. */
export async function mustInstall(server: Server, token: string, args = ''): Promise<void> {
  const { code, output } = await runInstaller(server, token, args);
  if (code !== 0) throw new Error(`install.sh on ${server.name}: exit code ${code}\n${output}`);
}

const rowsMax = 24;
const columns = 100;

/** Rows that a terminal of 100 columns needs for a text. */
export function screenRows(text: string): number {
  return text
    .trimEnd()
    .split('\n')
    .reduce((rows, line) => rows + Math.max(1, Math.ceil([...line].length / columns)), 0);
}

export interface Refusal {
  readonly code: string;
  /** Words of the reason. */
  readonly reason: RegExp;
  /** Words of what a person can do. */
  readonly remedy: RegExp;
  readonly exit: number;
}

/** What is wrong with how a refusal looks; empty when nothing is. The output itself comes last, for whoever reads a failure. */
export function faultsOf({ code, output }: Installed, wanted: Refusal): string[] {
  const faults = [
    ...(code === wanted.exit ? [] : [`exit code ${code}, not ${wanted.exit}`]),
    ...(screenRows(output) <= rowsMax
      ? []
      : [`${screenRows(output)} rows of ${columns} columns, more than ${rowsMax}`]),
    ...(output.includes(wanted.code) ? [] : [`no code ${wanted.code}`]),
    ...(wanted.reason.test(output) ? [] : [`no reason ${wanted.reason}`]),
    ...(wanted.remedy.test(output) ? [] : [`no remedy ${wanted.remedy}`]),
    ...(/\n\s+at .*:\d+:\d+|Traceback|undefined|\[object/.test(output) ? ['the inside of a program shows'] : []),
  ];
  return faults.length === 0 ? [] : [...faults, output];
}

/** What a refused machine may keep, as the terminal promises: the agent, its files and its service. */
const ours = [
  /^files [+~] \/opt(\/flotilla)?(\/|  |$)/,
  /^files [+~] \/etc\/flotilla(\/|  |$)/,
  /^files [+~] \/var\/lib\/flotilla-agent(\/|  |$)/,
  /^files [+~] \/usr\/local\/bin\/flotilla-agent  /,
  /^files [+~] \/etc\/systemd\/system\/(multi-user\.target\.wants\/)?flotilla-agent\.service  /,
  /^units [+~] flotilla-agent\.service(  |$)/,
  /^processes [+~] \/opt\/flotilla\/current\/node /,
];

/** systemd keeps a target that some unit once wanted until the next boot; it is no thing that can be left behind. */
const wantedOnce = 'units ~ network-online.target  static -> static active';

/** Everything that differs from before. */
export function changesSince(before: Snapshot, after: Snapshot): string[] {
  return diffSnapshots(before, after).filter((line) => line !== wantedOnce);
}

/** Differences beyond what a refused machine may keep. */
export function beyondOurs(before: Snapshot, after: Snapshot): string[] {
  return changesSince(before, after).filter((line) => !ours.some((pattern) => pattern.test(line)));
}

/** Takes the agent away as a person would, and says what is left of it compared with before. */
export async function uninstalled(server: Server, before: Snapshot): Promise<string[]> {
  const { code, output } = await paste(server, 'sh /opt/flotilla/current/uninstall.sh');
  const said = code === 0 ? [] : [`uninstall.sh: exit code ${code}: ${output}`];
  return [...said, ...changesSince(before, await server.snapshot())];
}

export async function isAgentActive(server: Server): Promise<boolean> {
  return (await server.exec(['systemctl', 'is-active', 'flotilla-agent'])).stdout.trim() === 'active';
}

/** Shows `text` as a file of the kernel, until undone. */
export async function showFake(server: Server, path: string, text: string): Promise<() => Promise<void>> {
  const fake = `/run/fake-${path.replaceAll('/', '-')}`;
  await server.writeFile(fake, text);
  await server.execOk(['mount', '--bind', fake, path]);
  return async () => {
    await server.execOk(['umount', path]);
    await server.execOk(['rm', '-f', fake]);
  };
}

/** A program of that name that comes first in PATH; gives the PATH. */
export async function fakeProgram(server: Server, name: string, body: string): Promise<string> {
  await server.writeFile(`/run/fake-bin-${name}/${name}`, `#!/bin/sh\n${body}\n`, 0o755);
  return `PATH=/run/fake-bin-${name}:$PATH`;
}

/** Follows the join on the terminal of the server, as the installer does at its end. */
export function follow(server: Server, timeout: string): Promise<Installed> {
  return paste(server, `flotilla-agent status --follow --timeout ${timeout} </dev/null`);
}

/** The bytes of one file of the mirror are flipped, its size stays. Gives the way back. */
export function damageBlob(name: string): () => void {
  const manifest = JSON.parse(readFileSync(join(mirror, `manifests/${kubernetesVersion}.json`), 'utf8')) as {
    arch: Record<string, { files: { name: string; sha256: string }[] }>;
  }; // written by our mirror
  const arch = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const file = manifest.arch[arch]?.files.find((each) => each.name === name);
  if (file === undefined) throw new Error(`the mirror has no ${name}`);
  const path = join(mirror, 'blobs', file.sha256);
  const bytes = readFileSync(path);
  const whole = Buffer.from(bytes);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  const put = (content: Buffer): void => {
    writeFileSync(`${path}.new`, content);
    renameSync(`${path}.new`, path);
  };
  put(bytes);
  return () => put(whole);
}

/** Waits until the token stands where it should, as the API tells it. */
export async function untilTokenIs(ground: Ground, token: Token, state: string, timeoutMs: number): Promise<void> {
  await until(
    `token ${state}`,
    timeoutMs,
    async () => ((await tokenFacts(ground, token)).state.includes(state) ? true : undefined),
    1_000,
  );
}

/** Waits until the agent's own status shows it. */
export function untilTold(server: Server, pattern: RegExp): Promise<Installed> {
  return until(`${server.name} tells ${String(pattern)}`, 60_000, async () => {
    const said = await paste(server, 'flotilla-agent status');
    return pattern.test(said.output) ? said : undefined;
  });
}

/** Waits until the operator is shown the code for the node of the token's cluster. */
export async function untilOperatorSees({ controlPlane }: Ground, { cluster }: Token, code: string): Promise<void> {
  let seen = '';
  await until(`the operator sees ${code}`, 20_000, async () => {
    seen = await controlPlane.flotilla(['get', 'nodes', '--cluster', cluster, '-o', 'json']);
    return seen.includes(code) ? true : undefined;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}; it shows:\n${seen}`);
  });
}
