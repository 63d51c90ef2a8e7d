import { AccessServiceService, Member, RemoveMemberRequest, SetMemberRequest } from '@flotilla/proto';
import type { Call } from '../call.js';
import { roleOf } from '../parse.js';
import { confirmByName } from './confirm.js';
import { report } from './report.js';

/** `flotilla member set SUBJECT --role ROLE`: adds, or changes the role. */
export async function setMember(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const subject = call.argument('subject');
  const role = call.options.text('role') ?? '';
  const request = SetMemberRequest.create({ project, subject, role: roleOf(role), options: call.writeOptions() });
  const { member } = await connection.unary(AccessServiceService.setMember, request);
  await report(call, {
    noun: 'member',
    name: subject,
    deed: `is ${role} of ${project}`,
    json: member && Member.toJSON(member),
  });
}

/** `flotilla member remove SUBJECT` */
export async function removeMember(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const subject = call.argument('subject');
  await confirmByName(call, { noun: 'member', name: subject, deed: 'remove' }, [
    `This takes every right in project ${project} from ${subject}. What it made stays.`,
  ]);
  const request = RemoveMemberRequest.create({ project, subject, options: call.writeOptions() });
  await connection.unary(AccessServiceService.removeMember, request);
  await report(call, { noun: 'member', name: subject, deed: 'removed', json: {} });
}
