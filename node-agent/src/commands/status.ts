import { FlotillaError, parseDurationMs } from '@flotilla/kit';
import type { AgentStatus, PhaseStatus } from '../observe/status-file.js';
import type { FlagSpec, ParsedArgs } from './args.js';
import { exitCodes, type Command, type CommandPorts } from './command.js';
import { FailuresTold, newlyEnded, verdictOf } from './follow.js';
import { isAlive, readStatus } from './read-status.js';
import { phaseLine, problemLines, statusScreen } from './render.js';

const flags: readonly FlagSpec[] = [
  {
    name: 'follow',
    short: 'f',
    help: 'print the phases of joining as they pass, until this machine has joined or failed',
  },
  { name: 'timeout', value: 'DURATION', help: 'with --follow: give up after this long, for example 10m (exit code 4)' },
  { name: 'output', short: 'o', value: 'json', help: 'the same facts as JSON' },
];

export const status: Command = {
  name: 'status',
  summary: 'show who this machine is, how it is connected and where it stands',
  about: 'Exit codes: 0 joined, or enrolled as a spare; 1 failed; 4 the time of --timeout is over.',
  flags,
  async run(args, ports) {
    const output = args.flags.get('output');
    if (output !== undefined && output !== 'json')
      throw new FlotillaError('USAGE', `--output takes json, not ${output}`);
    if (args.flags.has('follow')) return follow(args, ports);
    if (args.flags.has('timeout')) throw new FlotillaError('USAGE', '--timeout goes with --follow');
    const found = await readStatus(ports.host, ports.places.stateDir);
    if (found === undefined) throw notRunning();
    const nowMs = ports.clock.now().wallMs;
    const alive = await isAlive(ports.host, found, nowMs);
    if (output === 'json') ports.print(`${JSON.stringify({ ...found, running: alive }, null, 2)}\n`);
    else ports.print(statusScreen(found, nowMs, ports.terminal));
    if (!alive) {
      ports.tell(`\n${fatalText(found)}`);
      return exitCodes.failed;
    }
    return verdictOf(found).kind === 'failed' ? exitCodes.failed : exitCodes.done;
  },
};

function notRunning(): FlotillaError {
  return new FlotillaError('AGENT_NOT_RUNNING', 'the agent has not run on this machine yet, or you are not root', {
    remedy: 'sudo systemctl start flotilla-agent; then: sudo flotilla-agent status',
  });
}

function fatalText({ fatal }: AgentStatus): string {
  if (fatal === undefined)
    return 'The agent is not running; this is what it said last. Start it: sudo systemctl start flotilla-agent\n';
  return `The agent stopped by itself. ${fatal.code}: ${fatal.message}\n  ${fatal.remedy}\n`;
}

/** How long a daemon that does not answer is waited for before following ends. */
const absentMsMax = 60_000;
const everyMs = 250;

async function follow({ flags: given }: ParsedArgs, ports: CommandPorts): Promise<number> {
  const text = given.get('timeout');
  const timeoutMs = text === undefined ? Number.POSITIVE_INFINITY : parseDurationMs(text);
  if (timeoutMs === undefined)
    throw new FlotillaError('USAGE', `--timeout ${text ?? ''} is no duration`, {
      remedy: 'For example: --timeout 10m',
    });
  const { host, clock, places, signal, terminal, print } = ports;
  const startedMs = clock.now().monotonicMs;
  let shown: readonly PhaseStatus[] = [];
  const told = new FailuresTold();
  let last: AgentStatus | undefined;
  let aliveMs = startedMs;
  while (!signal.aborted) {
    const nowMs = clock.now().monotonicMs;
    const found = await readStatus(host, places.stateDir);
    if (found !== undefined && (await isAlive(host, found, clock.now().wallMs))) {
      aliveMs = nowMs;
      if (terminal.live) print('\r\u001b[K');
      for (const phase of newlyEnded(shown, found.phases))
        if (told.isNews(phase)) print(`${phaseLine(phase, terminal)}\n`);
      shown = found.phases;
      last = found;
      const code = finish(found, ports);
      for (const phase of told.takeUnexplained()) if (code === undefined) print(explained(phase, ports));
      if (code !== undefined) return code;
      if (terminal.live) print(currentLine(found, ports));
    } else if (found?.fatal !== undefined || nowMs - aliveMs > absentMsMax) {
      ports.tell(
        found === undefined
          ? 'The agent does not run. Look at: journalctl -u flotilla-agent -n 50\n'
          : fatalText(found),
      );
      return exitCodes.failed;
    }
    if (nowMs - startedMs >= timeoutMs) return timeOver(last, told.last, ports);
    await clock.sleep(everyMs, signal).catch(() => undefined);
  }
  ports.tell('\nThe agent goes on by itself. See: sudo flotilla-agent status\n');
  return exitCodes.done;
}

function explained({ problems }: PhaseStatus, { terminal }: CommandPorts): string {
  return problems.length === 0 ? '' : `${problemLines(problems, terminal)}\n`;
}

function currentLine(found: AgentStatus, { terminal }: CommandPorts): string {
  const current = found.phases.find(({ state }) => state === 'running' || state === 'waiting' || state === 'failed');
  return current === undefined ? '' : phaseLine(current, terminal);
}

/** Exit code when following is over; prints why. */
function finish(found: AgentStatus, { print, tell, terminal }: CommandPorts): number | undefined {
  const verdict = verdictOf(found);
  switch (verdict.kind) {
    case 'going-on':
      return undefined;
    case 'joined':
      print(`\nThis machine is a ${found.role} of cluster ${found.cluster}, pool ${found.pool}.\n`);
      return exitCodes.done;
    case 'spare':
      print(`\nThis machine is enrolled as ${found.machine?.id ?? ''} and waits for a pool that claims it.\n`);
      return exitCodes.done;
    case 'failed': {
      tell(`\n${problemLines(verdict.phase.problems, terminal)}\n\n`);
      if (verdict.phase.phase === 'preflight') {
        tell(
          'Nothing on this machine was changed except /opt/flotilla, /etc/flotilla and the flotilla-agent service.\n',
        );
      }
      tell(
        verdict.phase.state === 'parked' && verdict.phase.phase === 'enroll'
          ? 'It is not tried again until there is a new token, or after: sudo flotilla-agent doctor\n'
          : verdict.phase.state === 'parked'
            ? 'It is not tried again by itself. When the cause is gone: sudo flotilla-agent doctor\n'
            : 'The agent keeps running and tries again by itself; or run: sudo flotilla-agent doctor\n',
      );
      return exitCodes.failed;
    }
  }
}

function timeOver(last: AgentStatus | undefined, failure: PhaseStatus | undefined, ports: CommandPorts): number {
  const current = last === undefined ? '' : currentLine(last, ports);
  const why = failure === undefined ? '' : `\nIt failed last with:\n${explained(failure, ports)}`;
  ports.tell(
    `\nThe time is over. ${current === '' ? 'The agent has not said anything yet.' : `It stands at:\n${current}`}\n${why}\nThe agent goes on by itself. See: sudo flotilla-agent status\n`,
  );
  return exitCodes.timeout;
}
