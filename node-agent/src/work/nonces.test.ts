import { Maintenance } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { dueNonces, settleStarted, wantedNonces } from './nonces.js';

describe('nonces', () => {
  it('a reboot is the last of what is asked for', () => {
    const wanted = wantedNonces(Maintenance.create({ rebootNonce: 'a', restartKubeletNonce: 'b', retryNonce: 'c' }));
    expect(wanted).toEqual([
      ['retry', 'c'],
      ['restart-kubelet', 'b'],
      ['reboot', 'a'],
    ]);
    expect(wantedNonces(undefined)).toEqual([]);
  });

  it.each(['started', 'done', 'failed', 'interrupted', 'spent'] as const)(
    'one that is %s is not due again',
    (state) => {
      const record = { act: 'reboot', nonce: 'a', state, bootId: 'b' } as const;
      expect(dueNonces([['reboot', 'a']], () => record)).toEqual([]);
      expect(dueNonces([['reboot', 'a2']], () => record)).toEqual([['reboot', 'a2']]);
    },
  );

  it('what was cut short is interrupted, a reboot under a new boot id is done', () => {
    const started = { nonce: 'a', state: 'started', bootId: 'boot-1' } as const;
    expect(settleStarted({ ...started, act: 'restart-kubelet' }, 'boot-2')).toBe('interrupted');
    expect(settleStarted({ ...started, act: 'reboot' }, 'boot-1')).toBe('interrupted');
    expect(settleStarted({ ...started, act: 'reboot' }, 'boot-2')).toBe('done');
    expect(settleStarted({ ...started, act: 'reboot', state: 'failed' }, 'boot-2')).toBe('failed');
  });
});
