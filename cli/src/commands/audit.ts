import { AuditEntry, AuditServiceService, ListAuditEntriesRequest } from '@flotilla/proto';
import type { Call } from '../call.js';
import { parseFormat, renderData } from '../output/format.js';
import { renderTable } from '../output/table.js';
import { dash, timeCell } from '../resources/places.js';

const limitDefault = 100;
const pageSizeMax = 500;

const columns = [
  { header: 'AGE' },
  { header: 'ACTOR' },
  { header: 'ACTION' },
  { header: 'OBJECT' },
  { header: 'RESULT' },
  { header: 'DETAILS' },
  { header: 'FROM', wide: true as const },
  { header: 'SEQUENCE', wide: true as const },
];

/** `flotilla audit`: the newest entries, oldest first. */
export async function audit(call: Call): Promise<void> {
  const { options, env } = call;
  const format = parseFormat(options.text('output'));
  const entries = await listAudit(call, {
    actor: options.text('actor') ?? '',
    countMax: options.number('limit') ?? limitDefault,
  });
  if (format.kind === 'name') {
    for (const { sequence } of entries) call.print(`audit/${sequence}`);
    return;
  }
  if (format.kind !== 'table') {
    const items = entries.map((entry) => ({ kind: 'AuditEntry', ...Object(AuditEntry.toJSON(entry)) }) as unknown);
    env.stdout.write(await renderData(format, { kind: 'AuditEntryList', items }));
    return;
  }
  if (entries.length === 0) {
    call.note('No entries.');
    return;
  }
  const nowMs = env.clock.now().wallMs;
  const rows = entries.map((entry) => [
    timeCell(entry.time, nowMs, format.wide),
    { text: entry.actor },
    { text: entry.action },
    { text: `${entry.resourceKind}/${entry.details['name'] ?? entry.resourceId}` },
    entry.result === 'OK' ? { text: 'ok' } : { text: entry.result.toLowerCase(), tone: 'bad' as const },
    { text: dash(detailsText(entry)) },
    { text: dash(entry.remoteAddress) },
    { text: String(entry.sequence) },
  ]);
  const columnsMax = env.stdout.isTTY ? env.stdout.columns : undefined;
  const headers = !options.flag('no-headers');
  call.print(renderTable(columns, rows, call.paint, { wide: format.wide, headers, columnsMax }).lines.join('\n'));
}

/** The newest `countMax` entries, oldest first. */
export async function listAudit(
  call: Call,
  { actor, countMax }: { actor: string; countMax: number },
): Promise<readonly AuditEntry[]> {
  const { connection, project } = await call.session();
  const entries: AuditEntry[] = [];
  let pageToken = '';
  do {
    const pageSize = Math.min(pageSizeMax, countMax - entries.length);
    const request = ListAuditEntriesRequest.create({ project, actor, options: { pageSize, pageToken } });
    const answer = await connection.unary(AuditServiceService.listAuditEntries, request);
    entries.push(...answer.entries);
    pageToken = answer.nextPageToken;
  } while (pageToken !== '' && entries.length < countMax);
  return entries.slice(0, countMax).reverse();
}

function detailsText({ details }: AuditEntry): string {
  return Object.entries(details)
    .filter(([key]) => key !== 'name')
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}
