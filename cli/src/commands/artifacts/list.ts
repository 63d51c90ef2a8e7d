import { ArtifactState, ListVersionsRequest, VersionServiceService } from '@flotilla/proto';
import { formatBytes } from '@flotilla/kit';
import type { Call } from '../../call.js';
import { parseFormat } from '../../output/format.js';
import { artifactStateText } from '../../output/states.js';
import { renderTable } from '../../output/table.js';
import { allPages } from '../../resources/pages.js';
import { dash } from '../../resources/places.js';
import { listOf } from '../list.js';

/** `flotilla artifacts list`: one row for each version and architecture of the mirror. */
export async function listArtifacts(call: Call): Promise<void> {
  const format = parseFormat(call.options.text('output'));
  if (format.kind !== 'table') {
    await listOf('version')(call);
    return;
  }
  const { connection } = await call.session();
  const versions = await allPages(async (page) => {
    const { versions: items, nextPageToken } = await connection.unary(
      VersionServiceService.listVersions,
      ListVersionsRequest.create({ options: page }),
    );
    return { items, nextPageToken };
  });
  const rows = versions.flatMap(({ version, artifacts }) =>
    artifacts.map(({ arch, state, files, sizeBytes, manifestSha256 }) => [
      { text: version },
      { text: arch },
      {
        text: artifactStateText(state),
        tone: state === ArtifactState.MIRRORED ? ('good' as const) : ('busy' as const),
      },
      { text: files === 0 ? '-' : String(files) },
      { text: sizeBytes === 0n ? '-' : formatBytes(Number(sizeBytes)) },
      { text: dash(format.wide ? manifestSha256 : manifestSha256.slice(0, 12)) },
    ]),
  );
  if (rows.length === 0) {
    call.note('The mirror is empty. Fill it: flotilla artifacts sync VERSION');
    return;
  }
  const columns = ['VERSION', 'ARCH', 'STATE', 'FILES', 'SIZE', 'MANIFEST'].map((header) => ({ header }));
  const headers = !call.options.flag('no-headers');
  call.print(renderTable(columns, rows, call.paint, { wide: true, headers, columnsMax: undefined }).lines.join('\n'));
}
