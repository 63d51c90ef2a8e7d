import { formatDuration } from '@flotilla/kit';
import type { AgentStatus, PhaseStatus } from '../observe/status-file.js';

export interface Paint {
  readonly colour: boolean;
  readonly columns: number;
}

type Tone = 'good' | 'bad' | 'busy' | 'plain';
const codes: Readonly<Record<Tone, string>> = { good: '32', bad: '31', busy: '33', plain: '' };

export function painted(text: string, tone: Tone, { colour }: Paint): string {
  return colour && tone !== 'plain' ? `\u001b[${codes[tone]}m${text}\u001b[0m` : text;
}

const words: Readonly<Record<PhaseStatus['state'], readonly [string, Tone]>> = {
  waiting: ['waiting', 'busy'],
  running: ['running', 'busy'],
  done: ['done', 'good'],
  failed: ['failed', 'bad'],
  parked: ['parked', 'bad'],
};

/** Below two minutes in tenths, as people watch it; above as elsewhere. */
function took(phase: PhaseStatus): string {
  if (phase.startMs === undefined || phase.endMs === undefined) return '';
  const durationMs = phase.endMs - phase.startMs;
  return durationMs < 120_000 ? `${(durationMs / 1000).toFixed(1)}s` : formatDuration(durationMs);
}

/** One line: number, name, state, how long, and what there is to say. */
export function phaseLine(phase: PhaseStatus, paint: Paint): string {
  const number = phase.index > 0 ? `${phase.index}/${phase.total}` : '';
  const [word, tone] = words[phase.state];
  const waits = phase.state === 'waiting' ? (phase.problems[0]?.message ?? '') : '';
  const again = phase.attempt > 1 && phase.state !== 'done' ? `try ${phase.attempt}` : '';
  const said = [phase.progress, waits, again].filter((part) => part !== '').join(', ');
  const left = `${number.padStart(7)} ${phase.phase.padEnd(20)}`;
  const room = Math.max(10, paint.columns - left.length - 18);
  const line = `${left}${painted(word.padEnd(9), tone, paint)}${took(phase).padStart(6)}   ${shortened(said, room)}`;
  return line.trimEnd();
}

/** The cut is seen: what is left out stands in `flotilla-agent status -o json`. */
function shortened(text: string, columns: number): string {
  return text.length <= columns ? text : `${text.slice(0, columns - 1).trimEnd()}…`;
}

/** Each problem with its cure, the cure under its sentence. */
export function problemLines(problems: PhaseStatus['problems'], paint: Paint): string {
  return problems
    .map(({ code, message, remedy }) => {
      const cure = remedy === '' ? '' : `\n${' '.repeat(19)}${remedy}`;
      return `  ${painted(code.padEnd(16), 'bad', paint)} ${message}${cure}`;
    })
    .join('\n');
}

/** One screen: who this machine is, how it is connected, where it stands. */
export function statusScreen(status: AgentStatus, nowMs: number, paint: Paint): string {
  const machine =
    status.machine === undefined
      ? 'not enrolled'
      : `machine ${status.machine.id} "${status.machine.name}", project ${status.machine.project}`;
  const place =
    status.role === 'none'
      ? 'spare: no pool has claimed this machine'
      : `${status.role} of cluster ${status.cluster}, pool ${status.pool}, ${status.kubernetesVersion}`;
  const shown = status.phases.map((phase) => phaseLine(phase, paint)).join('\n');
  const problems = status.phases.flatMap((phase) => (phase.state === 'waiting' ? [] : phase.problems));
  const retry = status.phases.find(({ retryMs }) => retryMs !== undefined && retryMs > nowMs)?.retryMs;
  return [
    `Flotilla agent ${status.version} -> ${new URL(status.server).host}, ${machine}`,
    `Place    ${place}`,
    `Link     ${linkText(status, paint)}`,
    `Target   ${status.converged ? painted('reached', 'good', paint) : 'being worked on'}`,
    ...(shown === '' ? [] : ['', shown]),
    ...(problems.length === 0 ? [] : ['', problemLines(problems, paint)]),
    ...(retry === undefined
      ? []
      : ['', `Tried again in ${formatDuration(retry - nowMs)}; or now: sudo flotilla-agent doctor`]),
    '',
  ].join('\n');
}

/** As of the moment it was written: the file is younger than the agent's next word. */
function linkText({ link, writtenMs }: AgentStatus, paint: Paint): string {
  const heard =
    link.lastAckMs === undefined
      ? 'nothing heard yet'
      : `last answer ${formatDuration(writtenMs - link.lastAckMs)} ago`;
  if (link.state === 'connected') return `${painted('connected', 'good', paint)}, ${heard}`;
  return `${painted(link.state === 'connecting' ? 'connecting' : 'not connected', 'busy', paint)}, ${heard}${link.reason === '' ? '' : `: ${link.reason}`}`;
}
