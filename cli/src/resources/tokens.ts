import {
  EnrollmentToken,
  EnrollmentTokenState,
  GetTokenRequest,
  ListTokensRequest,
  TokenServiceService,
} from '@flotilla/proto';
import { field, labelText } from '../output/describe.js';
import { stateTone, tokenStateText } from '../output/states.js';
import { absolute, age, until } from '../output/times.js';
import { allPages } from './pages.js';
import { dash, locationText, timeCell } from './places.js';
import { answered, type Item, listOptions, noStanding, type Resource, toKindJson } from './resource.js';

function toItem(token: EnrollmentToken): Item {
  const { meta } = token;
  const name = meta?.name === undefined || meta.name === '' ? (meta?.id ?? '') : meta.name;
  const text = tokenStateText(token.state);
  return {
    id: meta?.id ?? '',
    name,
    json: toKindJson('token', EnrollmentToken.toJSON(token)),
    standing: { ...noStanding, status: text },
    cells: (nowMs, wide) => [
      { text: name },
      { text, tone: stateTone(text) },
      { text: poolText(token) },
      { text: `${token.uses}/${token.maxUses}` },
      { text: expiryText(token, nowMs, wide) },
      timeCell(meta?.createTime, nowMs, wide),
      { text: dash(token.createdBy) },
      { text: dash(token.sourceCidrs.join(',')) },
    ],
    describe: (_session, nowMs) => Promise.resolve(describe(token, name, nowMs)),
  };
}

function poolText(token: EnrollmentToken): string {
  return token.pool === '' ? 'spare' : `${token.cluster}/${token.pool}`;
}

function expiryText({ expireTime, state }: EnrollmentToken, nowMs: number, wide: boolean): string {
  if (wide) return absolute(expireTime);
  return state === EnrollmentTokenState.ACTIVE || state === EnrollmentTokenState.EXPIRED
    ? until(expireTime, nowMs)
    : '-';
}

function describe(token: EnrollmentToken, name: string, nowMs: number): string[] {
  return [
    `Token ${name} by ${dash(token.createdBy)}, ${age(token.meta?.createTime, nowMs)} ago`,
    ...field(
      'Status',
      `${tokenStateText(token.state)}, used ${token.uses} of ${token.maxUses}, ends ${until(token.expireTime, nowMs)} (${absolute(token.expireTime)})`,
    ),
    ...field('For', token.pool === '' ? 'spares: no pool' : `pool ${token.pool} of cluster ${token.cluster}`),
    ...field('Gives', `labels ${labelText(token.machineLabels)}, location ${locationText(token.location, true)}`),
    ...field('From', token.sourceCidrs.length === 0 ? 'any address' : token.sourceCidrs.join(', ')),
  ];
}

export const tokenResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'STATUS' },
    { header: 'POOL' },
    { header: 'USES' },
    { header: 'EXPIRES', volatile: true },
    { header: 'AGE', volatile: true },
    { header: 'BY', wide: true },
    { header: 'FROM', wide: true },
  ],
  goals: [],
  list: async ({ connection, project }, query) => {
    const tokens = await allPages(async (page) => {
      const request = ListTokensRequest.create({ project, options: listOptions(page, query) });
      const { tokens: items, nextPageToken } = await connection.unary(TokenServiceService.listTokens, request);
      return { items, nextPageToken };
    });
    return tokens.map(toItem);
  },
  get: async ({ connection, project }, name) => {
    const request = GetTokenRequest.create({ project, token: name });
    const { token } = await connection.unary(TokenServiceService.getToken, request);
    return toItem(answered(token, 'token'));
  },
};
