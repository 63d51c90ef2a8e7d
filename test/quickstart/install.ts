import { appendFileSync } from 'node:fs';
import type { Server } from '../testbed/index.js';
import type { ControlPlane } from './control-plane.js';

/** Pastes the line that `flotilla token create` prints into the server; what it says goes to `logFile`. */
export async function installOn(
  controlPlane: ControlPlane,
  server: Server,
  pool: string,
  cluster: string,
  logFile: string,
): Promise<void> {
  const enrolled = await server.exec(['test', '-s', '/var/lib/flotilla-agent/machine.json']);
  if (enrolled.code === 0) return;
  const command = await installCommand(controlPlane, ['--pool', pool, '--cluster', cluster]);
  const result = await server.exec(['sh', '-c', command], { timeoutMs: 600_000 });
  appendFileSync(logFile, `${result.stdout}${result.stderr}`, { mode: 0o600 });
  if (result.code !== 0)
    throw new Error(`install.sh on ${server.name}: exit code ${result.code}\n${result.stdout}${result.stderr}`);
}

/** A fresh line to paste. The servers of the bed have no sudo and are used as root. */
export async function installCommand(
  controlPlane: ControlPlane,
  tokenArgs: readonly string[],
  scriptArgs = '',
): Promise<string> {
  const answer: unknown = JSON.parse(await controlPlane.flotilla(['token', 'create', ...tokenArgs, '-o', 'json']));
  const line =
    typeof answer === 'object' && answer !== null && 'installCommand' in answer ? answer.installCommand : undefined;
  if (typeof line !== 'string') throw new Error('flotilla token create printed no installCommand');
  return `${line.replace('| sudo sh ', '| sh ')}${scriptArgs}`;
}
