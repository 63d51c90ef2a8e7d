import { invalidArgument, type FieldViolation } from '@flotilla/kit';
import { ConditionStatus, type Heartbeat, type Hello, type ObservedState, type Probe } from '@flotilla/proto';

const heartbeatProbesMax = 64;
const stepsMax = 64;
const problemsMax = 64;
const noncesMax = 64;
const textMax = 4096;
const pemMax = 64 * 1024;

/** Refuses what no agent of ours sends; an unknown enum value is none of that and passes. */
export function checkHeartbeat(beat: Heartbeat): void {
  const violations: FieldViolation[] = [];
  for (const field of ['load1m', 'cpuBusyRatio'] as const) {
    if (!Number.isFinite(beat[field])) violations.push({ field, description: 'must be a number' });
  }
  if (beat.probes.length > heartbeatProbesMax)
    violations.push(tooMany('probes', beat.probes.length, heartbeatProbesMax));
  else for (const [i, probe] of beat.probes.entries()) checkProbe(`probes[${i}]`, probe, violations);
  refuse(violations);
}

export function checkHello(hello: Hello): void {
  const violations: FieldViolation[] = [];
  for (const field of ['agentVersion', 'bootId', 'processId'] as const) shortText(field, hello[field], violations);
  if (hello.processId === '') violations.push({ field: 'processId', description: 'is needed' });
  if (hello.observed !== undefined) observedViolations('observed.', hello.observed, violations);
  refuse(violations);
}

export function checkObserved(observed: ObservedState): void {
  const violations: FieldViolation[] = [];
  observedViolations('', observed, violations);
  refuse(violations);
}

function observedViolations(at: string, observed: ObservedState, violations: FieldViolation[]): void {
  if (observed.steps.length > stepsMax) violations.push(tooMany(`${at}steps`, observed.steps.length, stepsMax));
  if (observed.nonces.length > noncesMax) violations.push(tooMany(`${at}nonces`, observed.nonces.length, noncesMax));
  for (const [i, step] of observed.steps.slice(0, stepsMax).entries()) {
    const field = `${at}steps[${i}]`;
    for (const name of ['phase', 'step', 'progress'] as const) shortText(`${field}.${name}`, step[name], violations);
    for (const name of ['startTime', 'endTime', 'retryTime'] as const) {
      const time = step[name];
      // A Date that is no date throws later, where nobody expects it.
      if (time !== undefined && !(Math.abs(time.getTime()) < 8.64e14))
        violations.push({ field: `${field}.${name}`, description: 'is no time' });
    }
    if (step.problems.length > problemsMax)
      violations.push(tooMany(`${field}.problems`, step.problems.length, problemsMax));
    for (const problem of step.problems.slice(0, problemsMax)) {
      for (const name of ['code', 'message', 'remedy'] as const)
        shortText(`${field}.problems.${name}`, problem[name], violations);
    }
  }
  for (const nonce of observed.nonces.slice(0, noncesMax)) {
    shortText(`${at}nonces.act`, nonce.act, violations);
    shortText(`${at}nonces.nonce`, nonce.nonce, violations);
  }
  shortText(`${at}bootId`, observed.bootId, violations);
  for (const [name, value] of Object.entries(observed.credentials ?? {})) {
    if (typeof value === 'string') shortText(`${at}credentials.${name}`, value, violations, pemMax);
  }
}

function checkProbe(field: string, probe: Probe, violations: FieldViolation[]): void {
  if (!/^[A-Za-z0-9]{1,64}$/.test(probe.type))
    violations.push({ field: `${field}.type`, description: 'must be 1 to 64 letters and digits' });
  shortText(`${field}.reason`, probe.reason, violations);
  shortText(`${field}.message`, probe.message, violations);
}

/** Unknown statuses read as unknown (decision 10). */
export function readProbe(probe: Probe): Probe {
  const known = probe.status === ConditionStatus.TRUE || probe.status === ConditionStatus.FALSE;
  return known ? probe : { ...probe, status: ConditionStatus.UNKNOWN };
}

function shortText(field: string, text: string, violations: FieldViolation[], charsMax = textMax): void {
  if (text.length > charsMax)
    violations.push({ field, description: `has ${text.length} characters; at most ${charsMax}` });
}

function tooMany(field: string, count: number, max: number): FieldViolation {
  return { field, description: `has ${count} entries; at most ${max}` };
}

function refuse(violations: readonly FieldViolation[]): void {
  if (violations.length > 0) throw invalidArgument(violations.slice(0, 20));
}
