import {
  AccessServiceService,
  ListMembersRequest,
  Member,
  RemoveMemberRequest,
  Role,
  SetMemberRequest,
} from '@flotilla/proto';
import { allPages } from '../../resources/pages.js';
import { writtenPart } from '../form.js';
import type { Manifest } from '../read.js';
import { type KindSteps, projectOf } from './steps.js';
import type { Session } from '../../call.js';

/** Somebody's role in a project; setting it is the same call the first time and later. */
export const memberSteps: KindSteps = {
  load: async (session, manifest) => {
    const project = projectOf(session, manifest);
    const members = await allPages(async (page) => {
      const request = ListMembersRequest.create({ project, options: page });
      const { members: items, nextPageToken } = await session.connection.unary(
        AccessServiceService.listMembers,
        request,
      );
      return { items, nextPageToken };
    });
    const found = members.find(({ subject }) => subject === manifest.name);
    if (found === undefined) return undefined;
    const { role } = writtenPart('Member', Member.toJSON(found));
    return { id: found.subject, etag: found.meta?.etag ?? '', document: { role } };
  },
  create: (session, manifest, write) => set(session, manifest, manifest.document['role'], write),
  update: (session, manifest, _stored, { document }, write) => set(session, manifest, document['role'], write),
  remove: async (session, manifest, _stored, write) => {
    const request = RemoveMemberRequest.create({
      project: projectOf(session, manifest),
      subject: manifest.name,
      options: write,
    });
    await session.connection.unary(AccessServiceService.removeMember, request);
  },
};

async function set(
  session: Session,
  manifest: Manifest,
  role: unknown,
  write: { requestId: string; validateOnly: boolean },
): Promise<void> {
  const request = SetMemberRequest.create({
    project: projectOf(session, manifest),
    subject: manifest.name,
    role: Member.fromJSON({ role }).role ?? Role.UNSPECIFIED,
    options: write,
  });
  await session.connection.unary(AccessServiceService.setMember, request);
}
