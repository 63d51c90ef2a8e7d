import { labelViolations, nameViolations, type ProjectRecord, type Store } from '@flotilla/core';
import { FlotillaError, invalidArgument, newId, randomText } from '@flotilla/kit';
import {
  CreateProjectRequest,
  DeleteProjectRequest,
  EventSeverity,
  Project,
  Role,
  UpdateProjectRequest,
  type CreateProjectResponse,
} from '@flotilla/proto';
import { subjectOf } from '../access/identity.js';
import type { InstanceCall, ProjectCall, ServiceHandlers } from './call.js';
import { toListQuery } from './list.js';
import { parseMask } from './mask.js';
import { pageOf } from './memory-page.js';
import type { ApiParts } from './parts.js';
import { beingDeleted, nameTaken } from './refusals.js';
import { textViolations } from './terms.js';
import { perform, type Planned } from './verb.js';
import { toProject } from './wire.js';
import { earlier, expectEtag, write } from './write.js';

/** Other projects one key may be a member of and still sees in one list. */
const membershipsMax = 500;

export function projectService(parts: ApiParts): ServiceHandlers<'ProjectService'> {
  const { store } = parts;
  const show = async (record: ProjectRecord): Promise<Project> => toProject(record, await waitsFor(store, record));
  return {
    // The gate found it: a project in which the caller has no role never gets here.
    getProject: async (_request, call) => ({ project: await show(call.project) }),

    async listProjects(request, call) {
      const query = toListQuery(request.options);
      // Names only; what is in them, the role there decides.
      const page =
        call.caller.role === Role.INSTANCE_ADMIN
          ? await store.read.projects(query)
          : pageOf(await projectsOf(store, call), query, 'project');
      return { projects: await Promise.all(page.items.map(show)), nextPageToken: page.nextPageToken };
    },

    createProject: (request, call) => createProject(parts, request, call),

    async updateProject(request, call) {
      const { record, revision } = await perform(store, call, {
        content: UpdateProjectRequest.encode(request).finish(),
        options: request.options,
        named: call.project.id,
        etag: request.etag,
        find: (id) => load(store, id),
        plan: (found) => planUpdate(call, found, request),
      });
      return { project: await show(record), revision };
    },

    async deleteProject(request, call) {
      const { record, revision } = await perform(store, call, {
        content: DeleteProjectRequest.encode(request).finish(),
        options: request.options,
        named: call.project.id,
        etag: request.etag,
        find: (id) => load(store, id),
        plan: (found) => planDeletion(call, found, request.etag),
      });
      return { project: await show(record), revision };
    },
  };
}

async function load({ read }: Store, id: string): Promise<ProjectRecord> {
  const record = await read.project(id);
  if (record !== undefined) return record;
  throw new FlotillaError('NOT_FOUND', 'The project is not there any more.', {
    kind: 'not-found',
    remedy: 'See what there is: flotilla get projects',
  });
}

/** The key's own project and those it is a member of. */
async function projectsOf({ read }: Store, call: InstanceCall): Promise<ProjectRecord[]> {
  const filter = `subject = "${subjectOf(call.caller)}"`;
  const members = await read.members({ filter, pageSize: membershipsMax });
  const ids = new Set([call.caller.projectId, ...members.items.map(({ projectId }) => projectId)]);
  const found = await Promise.all([...ids].map((id) => read.project(id)));
  return found
    .flatMap((project) => (project === undefined || project.goneAtMs !== undefined ? [] : [project]))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function createProject(
  { store, random }: ApiParts,
  request: CreateProjectRequest,
  call: InstanceCall,
): Promise<CreateProjectResponse> {
  const content = CreateProjectRequest.encode(request).finish();
  const before = await earlier(store, call, request.options, content);
  if (before !== undefined) {
    return { project: toProject(await load(store, before)), revision: BigInt(await store.read.revision()) };
  }
  const violations = [
    ...nameViolations('name', request.name),
    ...textViolations('display_name', request.displayName, 100),
    ...labelViolations('labels', request.labels),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  if ((await store.read.project(request.name)) !== undefined) {
    throw nameTaken('There already is a project', request.name, 'flotilla get projects');
  }
  const id = newId('prj', random);
  const { name, displayName, labels } = request;
  const member = {
    id: `mem_${randomText(12, random)}`,
    projectId: id,
    subject: subjectOf(call.caller),
    role: Role.ADMIN,
  };
  const written = await write(store, call, request.options, content, {
    changes: [
      { kind: 'project.spec', project: { id, name, displayName, labels } },
      { kind: 'member.set', member },
    ],
    expect: [{ kind: 'project', id, version: 0 }],
    event: {
      ...eventOf(id, 'ProjectCreated'),
      resourceName: name,
      projectId: id,
      message: `${call.actor} created the project and is its first admin.`,
    },
    audit: { projectId: id, action: 'project.create', resourceKind: 'project', resourceId: id, details: { name } },
    response: id,
  });
  if (written.kind === 'dry')
    return { project: Project.fromPartial({ meta: { name, labels }, displayName }), revision: 0n };
  return { project: toProject(await load(store, written.resourceId)), revision: BigInt(written.revision) };
}

function planUpdate(
  call: ProjectCall,
  record: ProjectRecord,
  request: UpdateProjectRequest,
): Planned<ProjectRecord> | undefined {
  const expected = expectEtag('project', record, request.etag);
  if (record.deleteRequestedAtMs !== undefined) throw beingDeleted('project', record.name);
  const mask = parseMask(request.updateMask, ['displayName', 'labels']);
  const takes = (field: string): boolean => mask.length === 0 || mask.includes(field);
  const displayName = takes('displayName') ? request.displayName : record.displayName;
  const labels = takes('labels') ? request.labels : record.labels;
  const violations = [...textViolations('display_name', displayName, 100), ...labelViolations('labels', labels)];
  if (violations.length > 0) throw invalidArgument(violations);
  const { id, name } = record;
  return {
    act: {
      changes: [{ kind: 'project.spec', project: { id, name, displayName, labels } }],
      expect: [expected],
      event: { ...eventOf(id, 'ProjectUpdated'), message: `${call.actor} changed the project.` },
      audit: { action: 'project.update', resourceKind: 'project', resourceId: id, details: { name } },
      response: id,
    },
    preview: { ...record, displayName, labels },
  };
}

function planDeletion(call: ProjectCall, record: ProjectRecord, etag: string): Planned<ProjectRecord> | undefined {
  const expected = expectEtag('project', record, etag);
  if (record.deleteRequestedAtMs !== undefined) return undefined;
  const { id, name } = record;
  if (name === 'default') {
    throw new FlotillaError('PROJECT_PROTECTED', 'The project "default" is there as long as the instance is.', {
      kind: 'precondition',
      remedy: 'Delete what is in it instead: flotilla get clusters, machines, tokens.',
    });
  }
  return {
    act: {
      changes: [{ kind: 'project.delete', projectId: id }],
      expect: [expected],
      event: {
        ...eventOf(id, 'ProjectDeletionRequested'),
        message: `${call.actor} asked to delete the project: clusters go first, then tokens, keys and the machines' identities.`,
      },
      audit: { action: 'project.delete', resourceKind: 'project', resourceId: id, details: { name } },
      response: id,
    },
    preview: { ...record, deleteRequestedAtMs: call.nowMs },
  };
}

function eventOf(id: string, reason: string) {
  return {
    resourceKind: 'project',
    resourceId: id,
    severity: EventSeverity.NORMAL,
    category: 'Lifecycle',
    reason,
  } as const;
}

/** What the deletion of a project waits for; empty when it is not being deleted. */
async function waitsFor({ read }: Store, record: ProjectRecord): Promise<string> {
  if (record.deleteRequestedAtMs === undefined || record.goneAtMs !== undefined) return '';
  const [clusters, machines] = await Promise.all([
    read.clusters({ projectId: record.id, pageSize: 500 }),
    read.machines({ projectId: record.id, pageSize: 500 }),
  ]);
  const count = (page: { items: readonly unknown[]; nextPageToken: string }, noun: string): string[] => {
    const { length } = page.items;
    if (length === 0) return [];
    return [`${length}${page.nextPageToken === '' ? '' : ' or more'} ${noun}${length === 1 ? '' : 's'}`];
  };
  const left = [...count(clusters, 'cluster'), ...count(machines, 'machine')];
  return left.length === 0 ? 'Nothing is left; it is gone in a moment.' : `Waits for ${left.join(' and ')}.`;
}
