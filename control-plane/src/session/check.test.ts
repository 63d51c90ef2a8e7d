import { ConditionStatus, Heartbeat, Hello, ObservedState, StepReport } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { checkHeartbeat, checkHello, checkObserved, readProbe } from './check.js';

const fieldsOf = (work: () => void): string[] => {
  try {
    work();
    return [];
  } catch (error) {
    return (error as { violations: { field: string }[] }).violations.map(({ field }) => field);
  }
};
const many = <T>(count: number, one: T): T[] => Array.from({ length: count }, () => one);

describe('fault-58: what no agent of ours sends', () => {
  it('in a heartbeat', () => {
    const probe = { type: 'X', status: 1, reason: '', message: '' };
    expect(fieldsOf(() => checkHeartbeat(Heartbeat.create({ probes: [probe] })))).toEqual([]);
    expect(
      fieldsOf(() => checkHeartbeat(Heartbeat.create({ load1m: Number.NaN, cpuBusyRatio: Number.POSITIVE_INFINITY }))),
    ).toEqual(['load1m', 'cpuBusyRatio']);
    expect(fieldsOf(() => checkHeartbeat(Heartbeat.create({ probes: many(65, probe) })))).toEqual(['probes']);
    expect(fieldsOf(() => checkHeartbeat(Heartbeat.create({ probes: [{ ...probe, type: 'a b' }] })))).toEqual([
      'probes[0].type',
    ]);
  });

  it('in a report', () => {
    expect(fieldsOf(() => checkObserved(ObservedState.create({ steps: many(65, StepReport.create()) })))).toEqual([
      'steps',
    ]);
    expect(
      fieldsOf(() =>
        checkObserved(ObservedState.create({ steps: [StepReport.create({ startTime: new Date(Number.NaN) })] })),
      ),
    ).toEqual(['steps[0].startTime']);
    expect(
      fieldsOf(() =>
        checkObserved(ObservedState.create({ steps: [StepReport.create({ progress: 'x'.repeat(5000) })] })),
      ),
    ).toEqual(['steps[0].progress']);
    const credentials = { caCertificate: 'x'.repeat(70_000), caCertHash: '', clientCertificate: '' };
    expect(fieldsOf(() => checkObserved(ObservedState.create({ credentials })))).toEqual(['credentials.caCertificate']);
  });

  it('in a Hello', () => {
    expect(fieldsOf(() => checkHello(Hello.create({ processId: '' })))).toEqual(['processId']);
    expect(fieldsOf(() => checkHello(Hello.create({ processId: 'p', agentVersion: 'x'.repeat(5000) })))).toEqual([
      'agentVersion',
    ]);
  });
});

it('reads a status it does not know as unknown', () => {
  const probe = { type: 'X', status: 42 as ConditionStatus, reason: '', message: '' };
  expect(readProbe(probe).status).toBe(ConditionStatus.UNKNOWN);
});
