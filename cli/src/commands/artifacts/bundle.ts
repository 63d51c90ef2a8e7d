import { resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { FlotillaError, formatBytes } from '@flotilla/kit';
import type { Call } from '../../call.js';
import { Progress } from '../../progress.js';
import { amount } from './sync.js';

/** `flotilla artifacts export VERSION --arch ARCH -f FILE`: complete or not there at all. */
export async function exportBundle(call: Call): Promise<void> {
  const { env, options } = call;
  const version = call.argument('version');
  const arch = options.text('arch') ?? '';
  const path = resolve(
    env.workDir,
    options.text('file') ?? `flotilla-${[version, arch].filter((part) => part !== '').join('-')}.tar`,
  );
  const { context } = await call.session();
  const { downloadBundle } = await import('../../bundle-http.js');
  const { body, totalBytes } = await downloadBundle(context, { version, arch }, env.signal);
  const progress = new Progress(call);
  let doneBytes = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      doneBytes += chunk.length;
      progress.say(`export ${version} ${arch}`.trimEnd(), amount(doneBytes, totalBytes));
      yield chunk;
    }
    if (totalBytes !== undefined && doneBytes !== totalBytes) {
      throw new FlotillaError('TRANSFER_CUT', `only ${doneBytes} of ${totalBytes} bytes arrived`, {
        kind: 'unavailable',
        remedy: 'Run it again.',
      });
    }
  };
  try {
    await env.files.streamAtomic(path, counted(), 0o644);
  } finally {
    progress.end();
  }
  call.print(`${path}  ${formatBytes(doneBytes)}`);
}

/** `flotilla artifacts import FILE` */
export async function importBundle(call: Call): Promise<void> {
  const { env } = call;
  const path = resolve(env.workDir, call.argument('file'));
  const sizeBytes = await env.files.sizeBytes(path);
  if (sizeBytes === undefined)
    throw new FlotillaError('FILE_NOT_FOUND', `there is no file ${path}`, { kind: 'not-found' });
  const { context } = await call.session();
  const { uploadBundle } = await import('../../bundle-http.js');
  const progress = new Progress(call);
  let doneBytes = 0;
  const open = (): Readable => {
    const body = env.files.openRead(path);
    body.on('data', (chunk: Buffer) => {
      doneBytes += chunk.length;
      progress.say(`import ${path}`, amount(doneBytes, sizeBytes));
    });
    return body;
  };
  try {
    await uploadBundle(context, { open, sizeBytes }, env.signal);
  } finally {
    progress.end();
  }
  call.print(`${path} imported, ${formatBytes(sizeBytes)}. See: flotilla artifacts list`);
}
