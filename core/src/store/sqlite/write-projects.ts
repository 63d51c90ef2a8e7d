import type { ExpressionBuilder } from 'kysely';
import type { Schema } from '../schema.js';
import { labelsText } from '../json.js';
import { builder } from './database.js';
import { revokeTokens } from './write-access.js';
import { notFound, type WriteContext, type WritersOf } from './write-context.js';

/** Projects and their members. */
export const projectWriters: WritersOf<
  'project.spec' | 'project.delete' | 'project.gone' | 'member.set' | 'member.remove'
> = {
  'project.spec': ({ project }, ctx) => {
    const set = { display_name: project.displayName, labels: labelsText(project.labels) };
    if (ctx.versionOf('project', project.id) > 0) {
      ctx.db.run(builder.updateTable('project').set(set).where('id', '=', project.id));
      ctx.bump('project', project.id);
      return;
    }
    const first = { version: 1, created_at: ctx.nowMs, updated_at: ctx.nowMs };
    const open = { delete_requested_at: null, gone_at: null };
    ctx.db.run(builder.insertInto('project').values({ id: project.id, name: project.name, ...set, ...open, ...first }));
    ctx.created('project', project.id);
  },

  'project.delete': ({ projectId }, ctx) => {
    ctx.db.run(
      builder
        .updateTable('project')
        .set({ delete_requested_at: ctx.nowMs })
        .where('id', '=', projectId)
        .where('delete_requested_at', 'is', null),
    );
    ctx.bump('project', projectId);
    const clusters = builder
      .updateTable('cluster')
      .set({ delete_requested_at: ctx.nowMs })
      .where('project_id', '=', projectId)
      .where((eb) => open(eb))
      .returning('id');
    for (const { id } of ctx.db.all(clusters)) ctx.bump('cluster', id);
    revokeTokens(ctx, (token) => token.where('project_id', '=', projectId));
    const machines = builder
      .updateTable('machine')
      .set({ retire_requested_at: ctx.nowMs })
      .where('project_id', '=', projectId)
      .where('state', '<>', 6)
      .where('retire_requested_at', 'is', null)
      .returning('id');
    for (const { id } of ctx.db.all(machines)) ctx.bump('machine', id);
  },

  'project.gone': ({ projectId }, ctx) => {
    const keys = builder
      .updateTable('api_key')
      .set({ revoked_at: ctx.nowMs })
      .where('project_id', '=', projectId)
      .where('revoked_at', 'is', null)
      .returning('id');
    for (const { id } of ctx.db.all(keys)) ctx.bump('apikey', id);
    const members = builder.deleteFrom('member').where('project_id', '=', projectId).returning('id');
    for (const { id } of ctx.db.all(members)) ctx.touch('member', id);
    ctx.db.run(builder.updateTable('project').set({ gone_at: ctx.nowMs }).where('id', '=', projectId));
    ctx.bump('project', projectId);
  },

  'member.set': ({ member }, ctx) => {
    const stored = memberId(member.projectId, member.subject, ctx);
    if (stored !== undefined) {
      ctx.db.run(builder.updateTable('member').set({ role: member.role }).where('id', '=', stored));
      ctx.bump('member', stored);
      return;
    }
    const { id, projectId, subject, role } = member;
    const first = { version: 1, created_at: ctx.nowMs, updated_at: ctx.nowMs };
    ctx.db.run(builder.insertInto('member').values({ id, project_id: projectId, subject, role, ...first }));
    ctx.created('member', id);
  },

  'member.remove': ({ projectId, subject }, ctx) => {
    const id = memberId(projectId, subject, ctx);
    if (id === undefined) throw notFound('member', subject);
    ctx.db.run(builder.deleteFrom('member').where('id', '=', id));
    ctx.touch('member', id);
  },
};

const open = (eb: ExpressionBuilder<Schema, 'cluster'>) =>
  eb.and([eb('gone_at', 'is', null), eb('delete_requested_at', 'is', null)]);

function memberId(projectId: string, subject: string, ctx: WriteContext): string | undefined {
  const query = builder
    .selectFrom('member')
    .select('id')
    .where('project_id', '=', projectId)
    .where('subject', '=', subject);
  return ctx.db.first(query)?.id;
}
