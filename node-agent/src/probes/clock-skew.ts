import { formatDuration } from '@flotilla/kit';
import { isFalse, isTrue, isUnknown, type HostProbe } from './probe.js';

const skewMsMax = 5 * 60_000;

/** The wall clock against the control plane's: heard at the last welcome, carried on by the monotonic clock. */
export const clockSkew: HostProbe = {
  type: 'ClockSkew',
  everyMs: 30_000,
  deadlineMs: 1_000,
  read({ clockSkewMs }) {
    if (clockSkewMs === undefined) return Promise.resolve(isUnknown('Unmeasured', 'the server was not heard yet'));
    const side = clockSkewMs > 0 ? 'ahead of' : 'behind';
    const message = `this clock is ${formatDuration(Math.abs(clockSkewMs))} ${side} the control plane's`;
    return Promise.resolve(Math.abs(clockSkewMs) > skewMsMax ? isTrue('Skewed', message) : isFalse('InStep', message));
  },
};
