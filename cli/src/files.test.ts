import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom, systemClock } from '@flotilla/kit';
import { FakeClock } from './testing/fake-env.js';
import { nodeFiles } from './files.js';

const files = nodeFiles(systemClock, seededRandom(1));
let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-files-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

test('writeAtomic replaces whole, with the mode asked for whatever was there, and leaves nothing beside it', async () => {
  const path = join(dir, 'deep', 'file');
  await files.writeAtomic(path, 'one', 0o644);
  await files.writeAtomic(path, 'two', 0o600);
  expect(await readFile(path, 'utf8')).toBe('two');
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  expect(await readdir(join(dir, 'deep'))).toEqual(['file']);
});

test('streamAtomic leaves what was there when the source fails', async () => {
  const path = join(dir, 'file');
  await writeFile(path, 'old');
  const source = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('new');
    throw new Error('cut');
  };
  await expect(files.streamAtomic(path, source(), 0o644)).rejects.toThrow('cut');
  expect(await readFile(path, 'utf8')).toBe('old');
  expect(await readdir(dir)).toEqual(['file']);
});

test('read: missing is undefined, too large is refused', async () => {
  const path = join(dir, 'file');
  expect(await files.read(path)).toBeUndefined();
  await writeFile(path, 'text', { mode: 0o640 });
  expect(await files.read(path)).toEqual({ text: 'text', mode: 0o640 });
  await expect(files.read(path, 3)).rejects.toThrow('has 4 bytes; at most 3 are read');
});

test('resolveLink follows a link, and gives back what is not there', async () => {
  await writeFile(join(dir, 'real'), '');
  await symlink(join(dir, 'real'), join(dir, 'link'));
  expect(await files.resolveLink(join(dir, 'link'))).toBe(join(dir, 'real'));
  expect(await files.resolveLink(join(dir, 'none'))).toBe(join(dir, 'none'));
});

describe('withLock', () => {
  test('one after the other; free again also after a failure', async () => {
    const path = join(dir, 'file');
    const order: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      order.push(`${name} in`);
      await Promise.resolve();
      order.push(`${name} out`);
    };
    await expect(files.withLock(path, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    await Promise.all([files.withLock(path, work('a')), files.withLock(path, work('b'))]);
    expect(order.map((entry) => entry.slice(2))).toEqual(['in', 'out', 'in', 'out']);
    expect(await readdir(dir)).toEqual([]);
  });

  test('a lock that stays is not waited for without end', async () => {
    const path = join(dir, 'file');
    await writeFile(`${path}.lock`, '');
    // Each look at this clock is a second later.
    class Hurried extends FakeClock {
      private seconds = 0;
      override now(): { wallMs: number; monotonicMs: number } {
        return { wallMs: 0, monotonicMs: 1000 * this.seconds++ };
      }
    }
    await expect(
      nodeFiles(new Hurried(), seededRandom(1)).withLock(path, () => Promise.resolve()),
    ).rejects.toMatchObject({
      code: 'FILE_LOCKED',
      remedy: `Try again. If nothing else is running, remove ${path}.lock.`,
    });
  });
});
