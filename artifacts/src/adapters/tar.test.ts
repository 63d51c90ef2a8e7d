import { readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { put, temporaryDir } from '../test-support/builders.js';
import { readTar, writeTar, type TarEntry } from './tar.js';

async function entries(dir: string): Promise<TarEntry[]> {
  const path = await put(join(dir, 'source'), 'from a file');
  return [
    { type: 'directory', name: 'bin/', mode: 0o755 },
    { type: 'file', name: 'bin/one', mode: 0o755, data: Buffer.from('from memory') },
    { type: 'file', name: 'bin/two', mode: 0o644, path, sizeBytes: 11 },
    { type: 'symlink', name: 'bin/three', target: 'two' },
  ];
}

describe('tar', () => {
  it('reads back what was written', async () => {
    const dir = await temporaryDir();
    const path = join(dir, 'x.tar');
    await writeTar(path, await entries(dir));
    const seen: string[] = [];
    await readTar(path, async ({ name, type, sizeBytes }, content) => {
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      seen.push(`${type} ${name} ${sizeBytes} ${Buffer.concat(chunks).toString()}`);
    });
    expect(seen).toEqual([
      'directory bin/ 0 ',
      'file bin/one 11 from memory',
      'file bin/two 11 from a file',
      'symlink bin/three 0 ',
    ]);
  });

  it('skips contents that nobody reads', async () => {
    const dir = await temporaryDir();
    await writeTar(join(dir, 'x.tar'), await entries(dir));
    const names: string[] = [];
    await readTar(join(dir, 'x.tar'), async ({ name }) => {
      names.push(name);
    });
    expect(names).toHaveLength(4);
  });

  it('gives the same bytes each time', async () => {
    const dir = await temporaryDir();
    await writeTar(join(dir, 'x.tar'), await entries(dir));
    await writeTar(join(dir, 'y.tar'), await entries(dir));
    expect(await readFile(join(dir, 'x.tar'))).toEqual(await readFile(join(dir, 'y.tar')));
  });

  it('rejects a cut archive', async () => {
    const dir = await temporaryDir();
    await writeTar(join(dir, 'x.tar'), await entries(dir));
    await truncate(join(dir, 'x.tar'), 1030);
    await expect(readTar(join(dir, 'x.tar'), async () => undefined)).rejects.toThrow();
  });

  it('rejects what is not gzip when gzip is expected', async () => {
    const dir = await temporaryDir();
    await writeTar(join(dir, 'x.tar'), await entries(dir));
    await expect(readTar(join(dir, 'x.tar'), async () => undefined, { gzip: true })).rejects.toThrow(
      'incorrect header',
    );
  });

  it('passes on the error of whoever reads', async () => {
    const dir = await temporaryDir();
    await writeTar(join(dir, 'x.tar'), await entries(dir));
    await expect(readTar(join(dir, 'x.tar'), () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  });

  it('fails when a file to be packed is not there', async () => {
    const dir = await temporaryDir();
    const missing: TarEntry = { type: 'file', name: 'x', mode: 0o644, path: join(dir, 'no'), sizeBytes: 5 };
    await expect(writeTar(join(dir, 'x.tar'), [missing])).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it.each(['before it begins', 'on the way'])('stops when asked to %s', async (when) => {
    const dir = await temporaryDir();
    await writeTar(join(dir, 'x.tar'), await entries(dir));
    const reading = new AbortController();
    const writing = new AbortController();
    if (when === 'before it begins') {
      reading.abort(new Error('stopped'));
      writing.abort(new Error('stopped'));
    }
    const read = readTar(join(dir, 'x.tar'), async () => reading.abort(new Error('stopped')), {
      signal: reading.signal,
    });
    await expect(read).rejects.toThrow();
    const onEntry = (): void => writing.abort(new Error('stopped'));
    const written = writeTar(join(dir, 'y.tar'), await entries(dir), { signal: writing.signal, onEntry });
    await expect(written).rejects.toThrow();
  });
});
