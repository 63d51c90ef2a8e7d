import { AccessServiceService, ApiKey, ListApiKeysRequest } from '@flotilla/proto';
import { FlotillaError, suggestion } from '@flotilla/kit';
import type { Session } from '../call.js';
import { field } from '../output/describe.js';
import { roleText, stateTone } from '../output/states.js';
import { absolute, age, until } from '../output/times.js';
import { allPages } from './pages.js';
import { timeCell } from './places.js';
import { everything, type Item, listOptions, noStanding, type Query, type Resource, toKindJson } from './resource.js';

function toItem(key: ApiKey): Item {
  const { meta } = key;
  return {
    id: meta?.id ?? '',
    name: meta?.name ?? '',
    json: toKindJson('api-key', ApiKey.toJSON(key)),
    standing: noStanding,
    cells: (nowMs, wide) => {
      const text = stateOf(key, nowMs);
      return [
        { text: meta?.name ?? '' },
        { text: roleText(key.role) },
        { text, tone: stateTone(text) },
        { text: wide ? absolute(key.expireTime) : until(key.expireTime, nowMs) },
        timeCell(key.lastUsedTime, nowMs, wide),
        timeCell(meta?.createTime, nowMs, wide),
        { text: meta?.id ?? '' },
      ];
    },
    describe: (_session, nowMs) =>
      Promise.resolve([
        `API key ${meta?.name ?? ''} (${meta?.id ?? ''}), role ${roleText(key.role)}, created ${age(meta?.createTime, nowMs)} ago`,
        ...field(
          'Status',
          `${stateOf(key, nowMs)}, ends ${until(key.expireTime, nowMs)}, last used ${absolute(key.lastUsedTime)}`,
        ),
      ]),
  };
}

function stateOf({ revokeTime, expireTime }: ApiKey, nowMs: number): string {
  if (revokeTime !== undefined) return 'Revoked';
  return expireTime !== undefined && expireTime.getTime() <= nowMs ? 'Expired' : 'Active';
}

async function list({ connection, project }: Session, query: Query): Promise<readonly Item[]> {
  const keys = await allPages(async (page) => {
    const request = ListApiKeysRequest.create({ project, options: listOptions(page, query) });
    const { apiKeys: items, nextPageToken } = await connection.unary(AccessServiceService.listApiKeys, request);
    return { items, nextPageToken };
  });
  return keys.map(toItem);
}

export const apiKeyResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'ROLE' },
    { header: 'STATUS' },
    { header: 'EXPIRES', volatile: true },
    { header: 'LAST USED', volatile: true },
    { header: 'AGE', volatile: true },
    { header: 'ID', wide: true },
  ],
  goals: [],
  list,
  get: async (session, name) => {
    const keys = await list(session, everything);
    const found = keys.find((key) => key.name === name || key.id === name);
    if (found !== undefined) return found;
    const near = suggestion(
      name,
      keys.map((key) => key.name),
    );
    throw new FlotillaError('API_KEY_NOT_FOUND', `there is no API key ${name} in project ${session.project}`, {
      kind: 'not-found',
      remedy: near === undefined ? 'See: flotilla api-key list' : `Did you mean ${near}?`,
    });
  },
};
