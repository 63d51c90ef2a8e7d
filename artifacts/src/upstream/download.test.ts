import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom, SimClock, systemClock, type Clock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { httpGet } from '../adapters/http.js';
import { BlobStore } from '../blob-store.js';
import type { ArtifactProgress } from '../source.js';
import { containing, neverAborted, sha256Of, temporaryDir } from '../test-support/builders.js';
import { FakeUpstream } from '../test-support/fake-upstream.js';
import { downloadVerified, fetchSmall, type DownloadPorts } from './download.js';

const text = 'x'.repeat(1000) + 'y'.repeat(1000);
const path = '/file';

interface Scene {
  readonly fake: FakeUpstream;
  readonly ports: DownloadPorts;
  readonly pauses: number[];
  readonly dir: string;
  readonly seen: ArtifactProgress[];
  /** Resolves when that many bytes were reported. */
  readonly arrived: (bytes: number) => Promise<void>;
  readonly download: (sha256?: string) => Promise<string>;
}

/** Pauses are noted, not waited for. */
async function aScene(signal = neverAborted): Promise<Scene> {
  const fake = await FakeUpstream.start();
  fake.serve(path, text);
  const dir = await temporaryDir();
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    sleep: (durationMs) => {
      pauses.push(durationMs);
      return Promise.resolve();
    },
  };
  const seen: ArtifactProgress[] = [];
  const waiting: { bytes: number; resolve: () => void }[] = [];
  const ports: DownloadPorts = {
    http: httpGet,
    clock,
    random: seededRandom(1),
    sink: new BlobStore(dir),
    progress: (progress) => {
      seen.push(progress);
      for (const { bytes, resolve } of waiting) if (progress.doneBytes === bytes) resolve();
    },
    signal,
  };
  const download = (sha256 = sha256Of(text)): Promise<string> =>
    downloadVerified({ url: `${fake.base}${path}`, name: 'file', sha256 }, ports);
  const arrived = (bytes: number): Promise<void> => new Promise((resolve) => waiting.push({ bytes, resolve }));
  return { fake, ports, pauses, dir, seen, arrived, download };
}

describe('downloadVerified', () => {
  it('fetches and shows progress with the total', async () => {
    const { download, seen } = await aScene();
    expect(await readFile(await download(), 'utf8')).toBe(text);
    expect(seen.at(0)).toEqual({ phase: 'download', name: 'file', doneBytes: 0, totalBytes: 2000 });
    expect(seen.at(-1)).toEqual({ phase: 'download', name: 'file', doneBytes: 2000, totalBytes: 2000 });
  });

  it('goes on where the connection was cut', async () => {
    const { fake, download, arrived } = await aScene();
    fake.faults.set(path, [{ cutAfterBytes: 1200, when: arrived(1200) }]);
    expect(await readFile(await download(), 'utf8')).toBe(text);
    expect(fake.requests.map(({ range }) => range)).toEqual([undefined, 'bytes=1200-']);
  });

  it('goes on where an earlier process stopped', async () => {
    const { fake, ports, download } = await aScene();
    const partial = await ports.sink.partial(`download ${fake.base}${path} ${sha256Of(text)}`);
    await ports.sink.reserve(1);
    await writeFile(partial, text.slice(0, 500));
    expect(await readFile(await download(), 'utf8')).toBe(text);
    expect(fake.requests.map(({ range }) => range)).toEqual(['bytes=500-']);
  });

  it('fetches nothing when the file was complete already', async () => {
    const { fake, download } = await aScene();
    await download();
    await download();
    expect(fake.count(path)).toBe(1);
  });

  it('starts over when what was there is of another file', async () => {
    const { fake, ports, download } = await aScene();
    const partial = await ports.sink.partial(`download ${fake.base}${path} ${sha256Of(text)}`);
    await ports.sink.reserve(1);
    await writeFile(partial, 'z'.repeat(500));
    expect(await readFile(await download(), 'utf8')).toBe(text);
    expect(fake.requests.map(({ range }) => range)).toEqual(['bytes=500-', undefined]);
  });

  it('starts over when the server has less than was there', async () => {
    const { fake, ports, download } = await aScene();
    const partial = await ports.sink.partial(`download ${fake.base}${path} ${sha256Of(text)}`);
    await ports.sink.reserve(1);
    await writeFile(partial, 'z'.repeat(5000));
    expect(await readFile(await download(), 'utf8')).toBe(text);
    expect(fake.requests.map(({ range }) => range)).toEqual(['bytes=5000-', undefined]);
  });

  it('refuses a wrong hash and leaves nothing behind', async () => {
    const { fake, download, dir } = await aScene();
    await expect(download(sha256Of('something else'))).rejects.toMatchObject({
      code: 'ARTIFACT_CORRUPT',
      retry: 'never',
    });
    expect(await readdir(join(dir, 'partial'))).toEqual([]);
    expect(await readdir(join(dir, 'blobs'))).toEqual([]);
    expect(fake.count(path)).toBe(1);
  });

  it('does not ask again for what does not exist, and says what to do', async () => {
    const { fake, download, pauses } = await aScene();
    fake.without(path);
    await expect(download()).rejects.toMatchObject({
      code: 'ARTIFACT_NOT_FOUND',
      message: `${fake.base}${path} does not exist (404).`,
      remedy: containing('mirror'),
    });
    expect(fake.count(path)).toBe(1);
    expect(pauses).toEqual([]);
  });

  it('asks again after passing trouble, with pauses that grow', async () => {
    const { fake, download, pauses } = await aScene();
    fake.faults.set(path, [{ status: 503 }, { status: 429 }, { status: 500 }]);
    await download();
    expect(pauses).toHaveLength(3);
    expect(pauses.every((pauseMs, position) => pauseMs >= 250 && pauseMs <= 500 * 2 ** position)).toBe(true);
  });

  it('gives up after a bounded number of tries, and says that what arrived is kept', async () => {
    const { fake, ports, download, pauses } = await aScene();
    const server = fake.base;
    const ended = { ...ports, http: () => Promise.reject(new Error('connect ECONNREFUSED')) };
    await expect(
      downloadVerified({ url: `${server}${path}`, name: 'file', sha256: sha256Of(text) }, ended),
    ).rejects.toMatchObject({
      code: 'ARTIFACT_UNREACHABLE',
      retry: 'later',
      message: containing('ECONNREFUSED'),
      remedy: containing('next try continues'),
    });
    expect(pauses).toHaveLength(5);
    await download();
  });

  it('stops reading a body that is larger than announced for this file', async () => {
    const { fake, ports } = await aScene();
    const request = { url: `${fake.base}${path}`, name: 'file', sha256: sha256Of(text), sizeBytes: 100 };
    await expect(downloadVerified(request, ports)).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' });
  });

  it('stops at once when asked to, also in a pause', async () => {
    const abort = new AbortController();
    const { fake, ports } = await aScene(abort.signal);
    const clock = new SimClock();
    fake.faults.set(path, [{ status: 503 }]);
    const running = downloadVerified(
      { url: `${fake.base}${path}`, name: 'file', sha256: sha256Of(text) },
      { ...ports, clock },
    );
    await clock.waitForSleepers(1);
    abort.abort(new Error('stopped'));
    await expect(running).rejects.toThrow('stopped');
    expect(fake.count(path)).toBe(1);
  });
});

describe('fetchSmall', () => {
  it('refuses a body over the limit without trying again', async () => {
    const { fake, ports } = await aScene();
    await expect(fetchSmall({ url: `${fake.base}${path}`, name: 'file' }, 100, ports)).rejects.toMatchObject({
      code: 'ARTIFACT_TOO_LARGE',
    });
    expect(fake.count(path)).toBe(1);
  });
});
