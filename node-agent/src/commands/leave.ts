import { FlotillaError, silentLogger } from '@flotilla/kit';
import { MachineRole, MachineTarget } from '@flotilla/proto';
import { HostChanges } from '../host/changes.js';
import { readUnit, systemctl } from '../host/units.js';
import { readHostFacts } from '../observe/facts.js';
import { Artifacts } from '../steps/install/artifacts.js';
import { skipEtcdName } from '../steps/leave/etcd.js';
import type { StepContext } from '../steps/step.js';
import { Board } from '../work/board.js';
import { leaveSteps } from '../work/derive.js';
import { Journal } from '../work/journal.js';
import { removeMarks } from '../work/memory-acts.js';
import { steps } from '../work/registry.js';
import { Runner } from '../work/runner.js';
import type { FlagSpec } from './args.js';
import { exitCodes, type Command, type CommandPorts } from './command.js';
import { isAlive, readStatus } from './read-status.js';
import { problemLines } from './render.js';

const unit = 'flotilla-agent.service';
const passesMax = 3;

const flags: readonly FlagSpec[] = [
  { name: 'yes', short: 'y', help: 'do not ask' },
  { name: 'output', short: 'o', value: 'json', help: 'the result as JSON' },
  {
    name: 'skip',
    value: skipEtcdName,
    help: 'leave although no other control-plane machine can take this one out of etcd',
  },
];

export const leave: Command = {
  name: 'leave',
  summary: 'take this machine out of its cluster and undo exactly what was done to it',
  about:
    'Works without the control plane. Can be cut at any point and run again. Exit codes: 0 proven clean, 1 something is left.',
  flags,
  async run(args, ports) {
    const output = args.flags.get('output');
    if (output !== undefined && output !== 'json')
      throw new FlotillaError('USAGE', `--output takes json, not ${output}`);
    const skipped = args.flags.get('skip');
    if (skipped !== undefined && skipped !== skipEtcdName)
      throw new FlotillaError('USAGE', `--skip takes ${skipEtcdName}, not ${skipped}`);
    const { host, clock, places } = ports;
    const journal = await Journal.open(host, `${places.stateDir}/journal.jsonl`, clock);
    const changes = journal.standing().length;
    if (!args.flags.has('yes')) await confirm(journal, ports);
    await stopDaemon(ports);
    // The daemon may have written more before it stopped.
    const settled = await Journal.open(host, `${places.stateDir}/journal.jsonl`, clock);
    const board = new Board(clock);
    const clean = await undo(settled, board, ports, skipped === undefined ? [] : [skipped]);
    const problems = board.view('leave')?.problems ?? [];
    if (clean)
      for (const name of ['target.json', 'manifest.json', 'downloads', 'backup'])
        await host.remove(`${places.stateDir}/${name}`);
    if (clean) await removeMarks(host);
    if (output === 'json')
      ports.print(
        `${JSON.stringify({ clean, changesUndone: changes - settled.standing().length, problems }, null, 2)}\n`,
      );
    else
      ports.print(
        clean
          ? cleanText(changes)
          : `\n${problemLines(problems, ports.terminal)}\n\nRun it again when the cause is gone: sudo flotilla-agent leave\n`,
      );
    return clean ? exitCodes.done : exitCodes.failed;
  },
};

function cleanText(changes: number): string {
  return [
    '',
    `Proven clean: ${changes} changes undone; no process, mount, interface, packet-filter rule, unit or file of the cluster is left.`,
    'The agent is stopped and disabled. Kept: /opt/flotilla, /etc/flotilla, /var/lib/flotilla-agent (the identity of this machine).',
    'Remove the agent too with uninstall.sh; or bring the machine back: sudo systemctl enable --now flotilla-agent',
    '',
  ].join('\n');
}

async function confirm(journal: Journal, ports: CommandPorts): Promise<void> {
  const membership = journal.membership();
  const what =
    membership === undefined
      ? `This machine is in no cluster. ${journal.standing().length} changes of Flotilla are undone.`
      : `This machine is ${membership.nodeName}, a ${membership.role} of cluster ${membership.clusterId}. Its pods stop, their local data goes, and ${journal.standing().length} changes are undone.`;
  const also =
    membership?.role === 'control-plane'
      ? ' Its etcd data is deleted: if it is the only control plane, the cluster is gone for good.'
      : '';
  ports.tell(`${what}${also}\n`);
  const answer = await ports.ask('Type yes to go on: ');
  if (answer?.trim() === 'yes') return;
  throw new FlotillaError(
    answer === undefined ? 'USAGE' : 'CANCELLED',
    answer === undefined ? 'nobody is there to ask' : 'nothing was changed',
    {
      kind: 'cancelled',
      remedy: answer === undefined ? 'Say it with --yes.' : '',
    },
  );
}

/** Two undoing at once would fight; the daemon is stopped first and does not come back by itself. */
async function stopDaemon({ host, clock, places }: CommandPorts): Promise<void> {
  const state = await readUnit(host, unit);
  if (state.active) await systemctl(host, 'stop', unit);
  if (state.enabled) await systemctl(host, 'disable', unit);
  const status = await readStatus(host, places.stateDir);
  if (status === undefined || !(await isAlive(host, status, clock.now().wallMs))) return;
  throw new FlotillaError('AGENT_RUNNING', `an agent still runs as process ${status.pid}, outside of ${unit}`, {
    kind: 'precondition',
    remedy: 'Stop it, then run flotilla-agent leave again.',
  });
}

async function undo(journal: Journal, board: Board, ports: CommandPorts, skippedChecks: string[]): Promise<boolean> {
  const { host, clock, random, places, tell } = ports;
  const log = silentLogger;
  const runner = new Runner({ journal, board, clock, random, log });
  const context: StepContext = {
    host,
    changes: new HostChanges(host, journal, `${places.stateDir}/backup`),
    memory: journal,
    artifacts: new Artifacts(host, { server: '', ca: () => '', stateDir: places.stateDir }),
    target: MachineTarget.create({ role: MachineRole.NONE, skippedChecks }),
    secrets: undefined,
    dropSecrets: () => undefined,
    facts: await readHostFacts(host, ''),
    clockSkewMs: undefined,
    stateDir: places.stateDir,
    clock,
    log,
    signal: ports.signal,
    progress: () => undefined,
  };
  let shown = '';
  board.onChange(() => {
    const step = board.view('leave')?.step ?? '';
    if (step !== shown && step !== '') tell(`  ${(shown = step)}\n`);
  });
  for (let pass = 1; pass <= passesMax && !ports.signal.aborted; pass++) {
    const list = leaveSteps.map((name) => steps[name]);
    const result = await runner.pass(list, context, () => false);
    if (result.kind === 'converged') return true;
    if (pass < passesMax) await clock.sleep(2_000, ports.signal).catch(() => undefined);
  }
  return false;
}
