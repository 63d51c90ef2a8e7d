import { AccessServiceService, ListMembersRequest, Member } from '@flotilla/proto';
import { FlotillaError, suggestion } from '@flotilla/kit';
import type { Session } from '../call.js';
import { roleText } from '../output/states.js';
import { age } from '../output/times.js';
import { allPages } from './pages.js';
import { timeCell } from './places.js';
import { type Item, listOptions, noStanding, type Query, type Resource, toKindJson } from './resource.js';

function toItem(member: Member): Item {
  const { meta, subject } = member;
  return {
    id: subject,
    name: subject,
    json: toKindJson('member', Member.toJSON(member)),
    standing: noStanding,
    cells: (nowMs, wide) => [
      { text: subject },
      { text: roleText(member.role) },
      timeCell(meta?.createTime, nowMs, wide),
      { text: meta?.id ?? '' },
    ],
    describe: (_session, nowMs) =>
      Promise.resolve([
        `Member ${subject}, ${roleText(member.role)} of project ${meta?.project ?? ''}, since ${age(meta?.createTime, nowMs)}`,
      ]),
  };
}

async function list({ connection, project }: Session, query: Query): Promise<readonly Item[]> {
  const members = await allPages(async (page) => {
    const request = ListMembersRequest.create({ project, options: listOptions(page, query) });
    const { members: items, nextPageToken } = await connection.unary(AccessServiceService.listMembers, request);
    return { items, nextPageToken };
  });
  return members.map(toItem);
}

export const memberResource: Resource = {
  columns: [{ header: 'SUBJECT' }, { header: 'ROLE' }, { header: 'AGE', volatile: true }, { header: 'ID', wide: true }],
  goals: [],
  list,
  get: async (session, name, query) => {
    const members = await list(session, { ...query, filter: '', orderBy: '' });
    const found = members.find((each) => each.name === name);
    if (found !== undefined) return found;
    const near = suggestion(
      name,
      members.map((each) => each.name),
    );
    throw new FlotillaError('MEMBER_NOT_FOUND', `${name} is no member of project ${session.project}`, {
      kind: 'not-found',
      remedy: near === undefined ? 'See: flotilla member list' : `Did you mean ${near}?`,
    });
  },
};
