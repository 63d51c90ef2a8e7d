import { RepairRung } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { minuteMs, someRules } from '../testing/samples.js';
import { causeRule, causes, isCause, rungBudgetMs } from './causes.js';

test.each([
  ['KubeletUnhealthy', 1],
  ['ContainerRuntimeUnhealthy', 1],
  ['ReadonlyFilesystem', 2],
  ['ReadyFalse', 5],
  ['ReadyUnknown', 5],
  ['HostGone', 5],
  ['DiskPressure', 10],
  ['StartupTimeout', 0],
])('by default %s must hold for %d minutes', (cause, minutes) => {
  expect(causeRule(cause).timeoutMs(someRules())).toBe(minutes * minuteMs);
});

test('a reboot has the time of a start, at least ten minutes', () => {
  const slow = someRules({ nodeStartupTimeout: { seconds: 1_800n, nanos: 0 } });
  const quick = someRules({ nodeStartupTimeout: { seconds: 60n, nanos: 0 } });
  expect(rungBudgetMs(RepairRung.REBOOT, slow)).toBe(30 * minuteMs);
  expect(rungBudgetMs(RepairRung.REBOOT, quick)).toBe(10 * minuteMs);
  expect(rungBudgetMs(RepairRung.RESTART_KUBELET, slow)).toBe(3 * minuteMs);
});

test('a stored cause that is not one of ours is treated as not Ready', () => {
  for (const text of ['', 'toString', '__proto__', 'ByAnother']) {
    expect(isCause(text)).toBe(false);
    expect(causeRule(text)).toBe(causes.ReadyFalse);
  }
});
