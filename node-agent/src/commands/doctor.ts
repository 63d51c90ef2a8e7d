import { FlotillaError } from '@flotilla/kit';
import { MachineRole } from '@flotilla/proto';
import { currentFacts } from '../compose.js';
import { loadConfig } from '../config.js';
import { HostChanges } from '../host/changes.js';
import { contactPinned } from '../link/pinned-socket.js';
import { Artifacts } from '../steps/install/artifacts.js';
import { runChecks, type CheckResult } from '../steps/preflight/preflight.js';
import { Journal } from '../work/journal.js';
import { TargetFile } from '../work/target-file.js';
import type { FlagSpec } from './args.js';
import { exitCodes, type Command, type CommandPorts } from './command.js';
import { isAlive, readStatus } from './read-status.js';
import { painted } from './render.js';

const flags: readonly FlagSpec[] = [{ name: 'output', short: 'o', value: 'json', help: 'the same facts as JSON' }];

export const doctor: Command = {
  name: 'doctor',
  summary: 'run every check of this machine now, and let the agent try again',
  about:
    'Changes nothing. Exit codes: 0 all is well, 1 a check failed. A check can be skipped by its name in the pool (skippedChecks).',
  flags,
  async run(args, ports) {
    const output = args.flags.get('output');
    if (output !== undefined && output !== 'json')
      throw new FlotillaError('USAGE', `--output takes json, not ${output}`);
    const results = await examine(ports);
    const poked = await poke(ports);
    if (output === 'json') ports.print(`${JSON.stringify({ checks: results, agentTriesAgain: poked }, null, 2)}\n`);
    else ports.print(doctorScreen(results, poked, ports.terminal));
    return results.some(({ state }) => state === 'failed') ? exitCodes.failed : exitCodes.done;
  },
};

/** Runs the checks as the agent would, with the target it holds; the link to the control plane is one more. */
async function examine(ports: CommandPorts): Promise<readonly CheckResult[]> {
  const { host, clock, places } = ports;
  const config = await loadConfig(host, places);
  const journal = await Journal.open(host, `${places.stateDir}/journal.jsonl`, clock);
  const target = (await TargetFile.open(host, `${places.stateDir}/target.json`, clock)).held;
  let ca = '';
  let clockSkewMs: number | undefined;
  let link: CheckResult;
  try {
    const contact = await contactPinned(config.server, config.caPin, ports.proxy);
    ca = contact.caPem;
    clockSkewMs = clock.now().wallMs - contact.serverTimeMs;
    link = { name: 'control-plane', state: 'ok', problems: [] };
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    link = {
      name: 'control-plane',
      state: 'failed',
      problems: [{ code: error.code, message: error.message, remedy: error.remedy }],
    };
  }
  const results = await runChecks(
    {
      host,
      facts: await currentFacts(host, config),
      target: target?.role === MachineRole.NONE ? undefined : target,
      controlPlane: target?.role === MachineRole.CONTROL_PLANE,
      clockSkewMs,
      artifacts:
        ca === '' ? undefined : new Artifacts(host, { server: config.server, ca: () => ca, stateDir: places.stateDir }),
      changes: new HostChanges(host, journal, `${places.stateDir}/backup`),
      joined: journal.membership()?.state === 'joined',
    },
    target?.skippedChecks ?? [],
  );
  return [link, ...results];
}

/** Tells the running agent to try again what it had given up. */
async function poke({ host, clock, places }: CommandPorts): Promise<boolean> {
  const status = await readStatus(host, places.stateDir);
  if (status === undefined || !(await isAlive(host, status, clock.now().wallMs))) return false;
  await host.kill(status.pid, 'SIGHUP');
  return true;
}

export function doctorScreen(results: readonly CheckResult[], poked: boolean, paint: CommandPorts['terminal']): string {
  const tones = { ok: 'good', warning: 'busy', failed: 'bad', skipped: 'plain' } as const;
  const lines = results.map(({ name, state, problems }) => {
    const said = problems.map(
      ({ code, message, remedy }) => `${code}: ${message}${remedy === '' ? '' : `\n${' '.repeat(29)}${remedy}`}`,
    );
    return `  ${painted(state.padEnd(8), tones[state], paint)} ${name.padEnd(17)} ${said.join(`\n${' '.repeat(29)}`)}`.trimEnd();
  });
  const failed = results.filter(({ state }) => state === 'failed').length;
  const warned = results.filter(({ state }) => state === 'warning').length;
  const well = warned === 0 ? 'all well' : `none failed, ${warned} to know about`;
  const sum = failed === 0 ? `${results.length} checks, ${well}.` : `${failed} of ${results.length} checks failed.`;
  const next = poked ? ' The agent tries again now: sudo flotilla-agent status --follow' : '';
  return `${lines.join('\n')}\n\n${sum}${next}\n`;
}
