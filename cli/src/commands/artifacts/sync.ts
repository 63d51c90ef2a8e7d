import { SyncArtifactsRequest, SyncArtifactsResponse, VersionServiceService } from '@flotilla/proto';
import { FlotillaError, formatBytes } from '@flotilla/kit';
import type { Call } from '../../call.js';
import { parseFormat, renderData } from '../../output/format.js';
import { Progress } from '../../progress.js';
import { artifactLine } from '../../resources/versions.js';

/** `flotilla artifacts sync VERSION`: safe to repeat, goes on where it was cut. */
export async function syncArtifacts(call: Call): Promise<void> {
  const { options, env } = call;
  const format = parseFormat(options.text('output'));
  const version = call.argument('version');
  const { connection } = await call.session();
  const request = SyncArtifactsRequest.create({
    version,
    arch: options.text('arch') ?? '',
    source: options.text('source') ?? '',
  });
  const progress = new Progress(call);
  let last: SyncArtifactsResponse | undefined;
  try {
    for await (const message of connection.stream(VersionServiceService.syncArtifacts, request)) {
      last = message;
      progress.say(`${message.phase} ${message.name}`.trim(), amount(message.doneBytes, message.totalBytes));
    }
  } finally {
    progress.end();
  }
  if (last?.result === undefined) {
    throw new FlotillaError('SYNC_INCOMPLETE', `the server ended without a result for ${version}`, {
      kind: 'unavailable',
      remedy: 'Run it again: what has arrived is kept.',
    });
  }
  if (format.kind === 'table' || format.kind === 'name') call.print(`${version} ${artifactLine(last.result)}`);
  else env.stdout.write(await renderData(format, SyncArtifactsResponse.toJSON(last)));
}

/** `412 MiB of 640 MiB`. */
export function amount(doneBytes: bigint | number, totalBytes: bigint | number | undefined): string {
  const total = Number(totalBytes ?? 0);
  if (total === 0) return Number(doneBytes) === 0 ? '' : formatBytes(Number(doneBytes));
  return `${formatBytes(Number(doneBytes))} of ${formatBytes(total)}`;
}
