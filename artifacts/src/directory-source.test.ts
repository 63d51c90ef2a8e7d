import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { DirectorySource } from './directory-source.js';
import { openMirror } from './mirror.js';
import { aMirror, neverAborted, sha256Of, temporaryDir } from './test-support/builders.js';

const options = { signal: neverAborted };

describe('DirectorySource', () => {
  it('takes a version from another mirror, verified', async () => {
    const dir = await temporaryDir();
    const from = await aMirror(join(dir, 'from'));
    const to = openMirror(join(dir, 'to'), { clock: systemClock });
    const source = new DirectorySource(from.dir, { clock: systemClock });
    const manifest = await to.sync('v1.34.4', 'amd64', source, options);
    expect(manifest).toEqual(await from.manifest('v1.34.4'));
    expect(await to.verify(options)).toEqual([]);
  });

  it('refuses a damaged file and leaves the mirror as it was', async () => {
    const dir = await temporaryDir();
    const from = await aMirror(join(dir, 'from'));
    await writeFile(from.blobs.path(sha256Of('kubelet')), 'kubeleT');
    const to = openMirror(join(dir, 'to'), { clock: systemClock });
    const source = new DirectorySource(from.dir, { clock: systemClock });
    await expect(to.sync('v1.34.4', 'amd64', source, options)).rejects.toMatchObject({ code: 'ARTIFACT_CORRUPT' });
    expect(await to.list()).toEqual([]);
    expect(await readdir(join(to.dir, 'partial'))).toEqual([]);
  });

  it('says when the other mirror has no such version', async () => {
    const dir = await temporaryDir();
    const to = openMirror(join(dir, 'to'), { clock: systemClock });
    const source = new DirectorySource(join(dir, 'nothing'), { clock: systemClock });
    await expect(to.sync('v1.34.4', 'amd64', source, options)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
  });
});
