import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { formatBytes } from '@flotilla/kit';
import type { Call } from '../call.js';
import { Progress } from '../progress.js';
import { gather } from '../support/gather.js';
import { toTar } from '../support/tar.js';
import { cliVersion } from '../version-number.js';

/** `flotilla support-bundle [-f FILE]`: says what is in it, so that it can be looked through before it is sent. */
export async function supportBundle(call: Call): Promise<void> {
  const { env, options } = call;
  const nowMs = env.clock.now().wallMs;
  const time = new Date(nowMs).toISOString().replace(/[:-]|\.\d+/g, '');
  const path = resolve(env.workDir, options.text('file') ?? `flotilla-support-${time}.tar.gz`);
  const progress = new Progress(call);
  const { context, project } = await call.session();
  const entries = await gather(call, (what) => progress.say('support-bundle', what)).finally(() => progress.end());
  const readme = [
    `Support bundle of Flotilla, made ${new Date(nowMs).toISOString()} by flotilla ${cliVersion}`,
    `from ${context.server}, project ${project}.`,
    'API keys, tokens, private keys, passwords and kubeconfigs are taken out: [removed].',
    'Names, addresses and labels are in it: look it through before you send it.',
    '',
    ...entries.map((entry) => entry.path),
    '',
  ].join('\n');
  const all = [{ path: 'README.txt', text: readme }, ...entries].map((entry) => ({
    ...entry,
    path: `flotilla-support-${time}/${entry.path}`,
  }));
  const bytes = await promisify(gzip)(toTar(all, nowMs));
  await env.files.streamAtomic(path, once(bytes), 0o600);
  const counts = countByFolder(entries.map((entry) => entry.path));
  call.print(`${path}  ${formatBytes(bytes.length)}, readable by you alone`);
  for (const [folder, count] of counts) call.print(`  ${folder}${count > 1 ? `  ${count} files` : ''}`);
  if (entries.some((entry) => entry.path === 'errors.txt')) {
    call.exitCode = 1;
    env.stderr.write('Not everything could be had: see errors.txt in it.\n');
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

/** Files one by one, descriptions together. */
function countByFolder(paths: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const shown = path.startsWith('describe/') ? 'describe/' : path;
    counts.set(shown, (counts.get(shown) ?? 0) + 1);
  }
  return counts;
}
