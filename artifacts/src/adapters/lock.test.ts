import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { temporaryDir } from '../test-support/builders.js';
import { withLock } from './lock.js';

const waitMsMax = 10_000;

describe('withLock', () => {
  it('lets one after the other in, whatever the first one came to', async () => {
    const dir = await temporaryDir();
    const clock = new SimClock();
    const events: string[] = [];
    let finish: (reason: Error) => void = () => undefined;
    const first = withLock(dir, { clock, waitMsMax }, () => {
      events.push('first in');
      return new Promise<void>((_resolve, reject) => (finish = reject));
    });
    const second = withLock(dir, { clock, waitMsMax }, async () => {
      events.push('second in');
    });
    await clock.waitForSleepers(1);
    events.push('first fails');
    finish(new Error('failed'));
    await expect(first).rejects.toThrow('failed');
    await clock.advance(1_000);
    await second;
    expect(events).toEqual(['first in', 'first fails', 'second in']);
  });

  it('gives up after a time, and says why', async () => {
    const dir = await temporaryDir();
    const clock = new SimClock();
    await withLock(dir, { clock, waitMsMax }, async () => {
      const second = withLock(dir, { clock, waitMsMax: 0 }, async () => undefined);
      await expect(second).rejects.toMatchObject({ code: 'ARTIFACT_BUSY', retry: 'later' });
    });
  });

  it('does not mind other directories', async () => {
    const [one, two] = [await temporaryDir(), await temporaryDir()];
    const clock = new SimClock();
    const result = withLock(one, { clock, waitMsMax }, () => withLock(two, { clock, waitMsMax }, async () => 'both'));
    expect(await result).toBe('both');
  });

  it('is free again when the process that held it was killed', async () => {
    const dir = await temporaryDir();
    const name = createHash('sha256')
      .update(await realpath(dir))
      .digest('hex');
    const holder = spawn(process.execPath, [
      '-e',
      `require('net').createServer().listen('\\0flotilla-artifacts-${name}', () => console.log('held')); setInterval(() => {}, 1000)`,
    ]);
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    const clock = new SimClock();
    await expect(withLock(dir, { clock, waitMsMax: 0 }, async () => undefined)).rejects.toMatchObject({
      code: 'ARTIFACT_BUSY',
    });
    const gone = new Promise((resolve) => holder.once('exit', resolve));
    holder.kill('SIGKILL');
    await gone;
    expect(await withLock(dir, { clock, waitMsMax: 0 }, async () => 'free')).toBe('free');
  });
});
