import {
  HealthVerdict,
  type Hold,
  type NodeHealth,
  type Pause,
  RepairRung,
  type RepairRungResult,
  type RepairRun,
  RepairState,
} from '@flotilla/proto';
import type { Tone } from './paint.js';
import { fromUpperCamel } from './states.js';
import { absolute, age, elapsed, until } from './times.js';

const verdicts: Readonly<Record<HealthVerdict, { text: string; tone: Tone }>> = {
  [HealthVerdict.UNSPECIFIED]: { text: '-', tone: 'dim' },
  [HealthVerdict.UNRECOGNIZED]: { text: 'unknown', tone: 'dim' },
  [HealthVerdict.HEALTHY]: { text: 'healthy', tone: 'good' },
  [HealthVerdict.KUBELET_SICK]: { text: 'kubelet sick', tone: 'bad' },
  [HealthVerdict.MANAGEMENT_LOST]: { text: 'management lost', tone: 'busy' },
  [HealthVerdict.HOST_GONE]: { text: 'host gone', tone: 'bad' },
  [HealthVerdict.STARTING]: { text: 'starting', tone: 'busy' },
  [HealthVerdict.UNKNOWN]: { text: 'unknown', tone: 'dim' },
};

const rungs: Readonly<Record<RepairRung, string>> = {
  [RepairRung.UNSPECIFIED]: 'a rung',
  [RepairRung.UNRECOGNIZED]: 'a rung that this command does not know',
  [RepairRung.RESTART_KUBELET]: 'restart kubelet',
  [RepairRung.RESTART_RUNTIME]: 'restart containerd',
  [RepairRung.RENEW_CERTIFICATES]: 'renew certificates',
  [RepairRung.FREE_DISK]: 'free disk space',
  [RepairRung.REBOOT]: 'reboot',
  [RepairRung.REJOIN]: 'reset and rejoin',
  [RepairRung.REPLACE]: 'replace by a spare',
  [RepairRung.ASK]: 'ask a person',
};

/** As short as a column of a table. */
const short: Partial<Record<HealthVerdict, string>> = {
  [HealthVerdict.KUBELET_SICK]: 'sick',
  [HealthVerdict.MANAGEMENT_LOST]: 'mgmt lost',
};

export function shortVerdictCell(health: NodeHealth | undefined): { text: string; tone: Tone } {
  const cell = verdictCell(health);
  return { ...cell, text: (health === undefined ? undefined : short[health.verdict]) ?? cell.text };
}

export function verdictCell(health: NodeHealth | undefined): { text: string; tone: Tone } {
  return verdicts[health?.verdict ?? HealthVerdict.UNSPECIFIED];
}

export function rungText(rung: RepairRung): string {
  return rungs[rung];
}

/** What the verdict leads to, in words. */
const consequences: Partial<Record<HealthVerdict, string>> = {
  [HealthVerdict.KUBELET_SICK]: 'the repair ladder',
  [HealthVerdict.MANAGEMENT_LOST]: 'the node is left alone (its work is running)',
  [HealthVerdict.HOST_GONE]: 'only what needs no host: a spare, when it is safe',
  [HealthVerdict.STARTING]: 'it has time to start',
  [HealthVerdict.UNKNOWN]: 'a witness is missing: never a reason to act',
};

/** `kubelet sick for 2m10s, KubeletUnhealthy -> …` */
export function verdictText(health: NodeHealth, nowMs: number): string {
  const { text } = verdictCell(health);
  const since = health.sinceTime === undefined ? '' : ` for ${age(health.sinceTime, nowMs)}`;
  const cause = health.reason === '' ? '' : `, ${health.reason}`;
  const then = thenText(health);
  return `${text}${since}${cause}${then === undefined ? '' : ` -> ${then}`}`;
}

function thenText({ hold, repair, verdict }: NodeHealth): string | undefined {
  if (repair?.state === RepairState.PARKED) return 'the ladder is over, a person is asked';
  return hold === '' ? consequences[verdict] : 'nothing is done now, see Held';
}

/** Each rung that was taken: when, which, how long, how it ended. */
export function rungLines(history: readonly RepairRungResult[], nowMs: number): string[] {
  const width = Math.max(0, ...history.map(({ rung }) => rungText(rung).length));
  return history.map(({ rung, startTime, endTime, outcome, message }) => {
    const took =
      startTime === undefined || endTime === undefined ? '' : elapsed(endTime.getTime() - startTime.getTime());
    const when = startTime === undefined ? '' : `${age(startTime, nowMs)} ago`;
    const end = `${fromUpperCamel(outcome)}${took === '' ? '' : ` after ${took}`}`;
    return `${when.padEnd(11)}${rungText(rung).padEnd(width + 2)}${end}${message === '' ? '' : `: ${message}`}`;
  });
}

/** What a repair does now; empty when it does nothing any more. */
export function doingText(repair: RepairRun | undefined, nowMs: number): string {
  if (repair === undefined) return '';
  const said = repair.message === '' ? '' : `: ${repair.message}`;
  switch (repair.state) {
    case RepairState.RUNNING:
      return `${rungText(repair.rung)} since ${age(repair.rungStartTime, nowMs)}${said}`;
    case RepairState.PARKED:
      return `nothing more: a person is asked${said}`;
    case RepairState.OBSERVED:
      return `nothing (mode observe). It would ${rungText(repair.rung)}${said}`;
    case RepairState.UNSPECIFIED:
    case RepairState.UNRECOGNIZED:
    case RepairState.SUCCEEDED:
    case RepairState.CANCELLED:
      return '';
  }
}

/** How the last repair ended; empty while it runs or when there was none. */
export function lastRepairText(repair: RepairRun | undefined, nowMs: number): string {
  if (repair?.endTime === undefined) return '';
  if (repair.state !== RepairState.SUCCEEDED && repair.state !== RepairState.CANCELLED) return '';
  const end = repair.state === RepairState.SUCCEEDED ? 'repaired' : 'repair was called off';
  return `${end} ${age(repair.endTime, nowMs)} ago, ${repair.cause}${repair.message === '' ? '' : `: ${repair.message}`}`;
}

/** What is waited for, and until when. */
export function waitsText(health: NodeHealth | undefined, nowMs: number): string {
  const repair = health?.repair;
  if (repair?.state === RepairState.RUNNING && repair.rungDeadlineTime !== undefined)
    return `to see it healthy, until ${moment(repair.rungDeadlineTime, nowMs)}; then the next rung is taken`;
  if (repair?.state === RepairState.PARKED) return 'for a person; nothing more happens by itself';
  if (health?.actTime !== undefined && health.hold === '')
    return `to see whether it recovers, until ${moment(health.actTime, nowMs)}; then the ladder starts`;
  return '';
}

/** `12:00:22Z (in 22s)` */
export function moment(time: Date, nowMs: number): string {
  return `${absolute(time).slice(11)} (${until(time, nowMs)})`;
}

/** One paragraph for each breaker that holds. */
export function holdLines(holds: readonly Hold[], nowMs: number): string[] {
  return holds.map(({ scope, subject, reason, message, unhealthy, total, limit, sinceTime }) => {
    const counted = total === 0 ? '' : `, ${unhealthy} of ${total} unhealthy, limit ${limit}`;
    const since = sinceTime === undefined ? '' : ` since ${age(sinceTime, nowMs)}`;
    const head = `nothing is repaired${since}: ${reason} (${`${scope} ${subject}`.trim()}${counted})`;
    return message === '' ? head : `${head}\n${message}`;
  });
}

export function pauseText(pause: Pause | undefined, nowMs: number): string {
  if (pause?.untilTime === undefined) return '';
  const by = pause.createdBy === '' ? '' : ` (${pause.createdBy})`;
  return `until ${moment(pause.untilTime, nowMs)}: ${pause.reason}${by}`;
}
