import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemRandom } from '@flotilla/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadMasterKey, parseMasterKey, secretBox } from './master-key.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-key-'));
});
afterEach(() => rm(dir, { recursive: true }));

const plain = Buffer.from('the secret');

describe('the master key', () => {
  it('is made once, for the owner alone, and opens what it sealed', async () => {
    const sealed = (await loadMasterKey(dir, systemRandom)).seal(plain, 'secret/ca');
    expect((await stat(join(dir, 'master.key'))).mode & 0o777).toBe(0o600);
    expect(Buffer.from((await loadMasterKey(dir, systemRandom)).open(sealed, 'secret/ca'))).toEqual(plain);
  });

  it('does not open what was moved, changed or sealed by another', async () => {
    const box = await loadMasterKey(dir, systemRandom);
    const sealed = box.seal(plain, 'cluster/a');
    expect(() => box.open(sealed, 'cluster/b')).toThrow(/cluster\/b cannot be opened/);
    const bent = Buffer.from(sealed);
    bent[bent.length - 1] = (bent.at(-1) ?? 0) ^ 1;
    expect(() => box.open(bent, 'cluster/a')).toThrow(expect.objectContaining({ code: 'SECRET_UNREADABLE' }));
    expect(() => box.open(Buffer.from('x'), 'cluster/a')).toThrow(/damaged/);
    const other = secretBox({ keyId: 'mk-aaaaaaaa', key: systemRandom.bytes(32) }, systemRandom);
    expect(() => other.open(sealed, 'cluster/a')).toThrow(/another key/);
  });

  it('is refused when others can read it', async () => {
    await loadMasterKey(dir, systemRandom);
    await chmod(join(dir, 'master.key'), 0o640);
    await expect(loadMasterKey(dir, systemRandom)).rejects.toMatchObject({
      code: 'MASTER_KEY_REFUSED',
      remedy: expect.stringContaining('chmod 600') as string,
    });
  });

  it.each([
    ['empty', ''],
    ['no key', 'flotilla-master-key-v1 mk-abcdefgh \n'],
    ['all zero', `flotilla-master-key-v1 mk-abcdefgh ${Buffer.alloc(32).toString('base64')}\n`],
    ['of another kind', `something mk-abcdefgh ${Buffer.from(systemRandom.bytes(32)).toString('base64')}\n`],
  ])('is refused when it is %s, and never replaced', async (_, text) => {
    await writeFile(join(dir, 'master.key'), text, { mode: 0o600 });
    await expect(loadMasterKey(dir, systemRandom)).rejects.toMatchObject({ code: 'MASTER_KEY_REFUSED' });
    expect(await readFile(join(dir, 'master.key'), 'utf8')).toBe(text);
    expect(() => parseMasterKey(text, 'x')).toThrow();
  });
});
