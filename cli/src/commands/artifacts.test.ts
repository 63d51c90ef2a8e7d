import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { ArtifactState, SyncArtifactsResponse } from '@flotilla/proto';
import { useStage } from '../testing/setup.js';

const stage = useStage();

describe('sync', () => {
  const result = {
    arch: 'amd64',
    state: ArtifactState.MIRRORED,
    files: 12,
    sizeBytes: 671_088_640n,
    manifestSha256: 'ab'.repeat(32),
  };
  const messages = [
    { phase: 'download', name: 'kubelet', doneBytes: 0n, totalBytes: 80_000_000n },
    { phase: 'download', name: 'kubelet', doneBytes: 80_000_000n, totalBytes: 80_000_000n },
    { phase: 'images', name: 'etcd', doneBytes: 5n, totalBytes: 0n },
    { phase: 'done', result },
  ].map((message) => SyncArtifactsResponse.fromPartial(message));

  test('one line at the end; on a pipe no progress', async () => {
    stage.server.fleet.sync = messages;
    expect(await stage.terminal.flotilla('artifacts', 'sync', 'v1.34.4', '--arch', 'amd64', '--source', 'build')).toBe(
      0,
    );
    expect(stage.terminal.stdout.text).toBe(
      `v1.34.4 amd64 mirrored, 12 files, 640 MiB, manifest sha256 ${'ab'.repeat(32)}\n`,
    );
    expect(stage.terminal.stderr.text).toBe('');
    expect(stage.server.calls.at(-1)?.request).toEqual({ version: 'v1.34.4', arch: 'amd64', source: 'build' });
  });

  test('--progress: a line for each thing', async () => {
    stage.server.fleet.sync = messages;
    await stage.terminal.flotilla('artifacts', 'sync', 'v1.34.4', '--progress');
    expect(stage.terminal.stderr.text).toBe('download kubelet\nimages etcd\ndone\n');
  });

  test('on a terminal one line is painted over, and gone at the end', async () => {
    stage.server.fleet.sync = messages;
    stage.terminal.stderr.isTTY = true;
    await stage.terminal.flotilla('artifacts', 'sync', 'v1.34.4');
    const up = `${String.fromCharCode(27)}[1A${String.fromCharCode(27)}[0J`;
    expect(stage.terminal.stderr.text).toContain('download kubelet  0 B of 76.3 MiB\n');
    expect(stage.terminal.stderr.text.endsWith(up)).toBe(true);
  });

  test('a server that ends without a result did not finish', async () => {
    stage.server.fleet.sync = messages.slice(0, 2);
    expect(await stage.terminal.flotilla('artifacts', 'sync', 'v1.34.4')).toBe(1);
    expect(stage.terminal.stderr.text).toBe(
      'failed SYNC_INCOMPLETE: the server ended without a result for v1.34.4.\nRun it again: what has arrived is kept.\n',
    );
  });
});

test('list', async () => {
  await stage.terminal.flotilla('artifacts', 'list');
  expect(stage.terminal.stdout.text).toBe(
    'VERSION  ARCH   STATE     FILES  SIZE     MANIFEST\nv1.34.4  amd64  mirrored  12     640 MiB  abababababab\n',
  );
});

describe('bundles', () => {
  let bundles: Server;
  afterEach(() => {
    bundles.closeAllConnections();
    bundles.close();
  });

  /** A server for bundles alone; the context is moved to it. */
  async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<void> {
    const { keyPem, certificatePem } = stage.server.certificates;
    bundles = createServer({ key: keyPem, cert: certificatePem }, answer);
    const port = await new Promise<number>((resolve) => {
      bundles.listen(0, '127.0.0.1', () => {
        const address = bundles.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    await stage.server.writeAdminFile(stage.terminal.home, { server: `https://127.0.0.1:${port}` });
  }

  test('export: asks with the key, writes the whole file', async () => {
    let asked: unknown;
    await serve((request, response) => {
      asked = [request.method, request.url, request.headers.authorization];
      response.setHeader('content-length', 7);
      response.end('bundle!');
    });
    expect(await stage.terminal.flotilla('artifacts', 'export', 'v1.34.4', '--arch', 'arm64', '-f', 'out.tar')).toBe(0);
    expect(asked).toEqual(['GET', '/artifacts/v1/bundle?version=v1.34.4&arch=arm64', 'Bearer flk_test.secret']);
    expect(await readFile(join(stage.terminal.home, 'out.tar'), 'utf8')).toBe('bundle!');
    expect(stage.terminal.stdout.text).toBe(`${join(stage.terminal.home, 'out.tar')}  7 B\n`);
  });

  test('export that is cut leaves no file', async () => {
    await serve((_request, response) => {
      response.setHeader('content-length', 100);
      response.write('bund');
      response.socket?.end();
    });
    expect(await stage.terminal.flotilla('artifacts', 'export', 'v1.34.4')).toBe(1);
    expect(await readdir(stage.terminal.home)).toEqual(['admin.json']);
  });

  test('a refusal has its code, reason and cure', async () => {
    await serve((_request, response) => {
      response.statusCode = 404;
      response.end(
        JSON.stringify({
          code: 'NOT_MIRRORED',
          message: 'v1.34.4 arm64 is not in the mirror',
          remedy: 'flotilla artifacts sync v1.34.4 --arch arm64',
        }),
      );
    });
    expect(await stage.terminal.flotilla('artifacts', 'export', 'v1.34.4', '--arch', 'arm64')).toBe(3);
    expect(stage.terminal.stderr.text).toBe(
      'failed NOT_MIRRORED: v1.34.4 arm64 is not in the mirror.\nflotilla artifacts sync v1.34.4 --arch arm64\n',
    );
  });

  test('import: sends the file', async () => {
    let sent = '';
    await serve((request, response) => {
      request.setEncoding('utf8').on('data', (chunk: string) => (sent += chunk));
      request.on('end', () => response.end('{}'));
    });
    const path = join(stage.terminal.home, 'in.tar');
    await writeFile(path, 'x'.repeat(300_000));
    expect(await stage.terminal.flotilla('artifacts', 'import', 'in.tar')).toBe(0);
    expect(sent).toBe('x'.repeat(300_000));
    expect(stage.terminal.stdout.text).toBe(`${path} imported, 293 KiB. See: flotilla artifacts list\n`);
  });

  test('import that is refused early says why, not that the pipe broke', async () => {
    await serve((request, response) => {
      response.statusCode = 422;
      response.setHeader('connection', 'close');
      response.end('{"code":"BUNDLE_INVALID","message":"the manifest of the bundle does not match"}', () =>
        request.socket.destroySoon(),
      );
    });
    await writeFile(join(stage.terminal.home, 'in.tar'), Buffer.alloc(8 * 1024 * 1024));
    expect(await stage.terminal.flotilla('artifacts', 'import', 'in.tar')).toBe(2);
    expect(stage.terminal.stderr.text).toBe('refused BUNDLE_INVALID: the manifest of the bundle does not match.\n');
  });

  test('a file that is not there', async () => {
    await serve((_request, response) => response.end());
    expect(await stage.terminal.flotilla('artifacts', 'import', 'none.tar')).toBe(3);
  });
});
