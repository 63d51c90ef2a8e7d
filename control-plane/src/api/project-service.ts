import { Role } from '@flotilla/proto';
import type { ServiceHandlers } from './call.js';
import { toListQuery } from './list.js';
import type { ApiParts } from './parts.js';
import { toProject } from './wire.js';

export function projectService({ store }: ApiParts): ServiceHandlers<'ProjectService'> {
  return {
    // The gate found it: a project that is not the caller's never gets here.
    getProject: async (_request, call) => ({ project: toProject(call.project) }),
    async listProjects(request, call) {
      if (call.caller.role === Role.INSTANCE_ADMIN) {
        const page = await store.read.projects(toListQuery(request.options));
        return { projects: page.items.map(toProject), nextPageToken: page.nextPageToken };
      }
      const own = await store.read.project(call.caller.projectId);
      return { projects: own === undefined ? [] : [toProject(own)], nextPageToken: '' };
    },
  };
}
