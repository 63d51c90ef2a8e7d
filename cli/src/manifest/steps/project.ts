import {
  CreateProjectRequest,
  DeleteProjectRequest,
  GetProjectRequest,
  Project,
  ProjectServiceService,
  UpdateProjectRequest,
} from '@flotilla/proto';
import { writtenPart } from '../form.js';
import { type KindSteps, maskOf, partsOf, unlessMissing } from './steps.js';

/** A project: its title and labels. */
export const projectSteps: KindSteps = {
  load: async ({ connection }, { name }) => {
    const request = GetProjectRequest.create({ project: name });
    const project = (await unlessMissing(connection.unary(ProjectServiceService.getProject, request)))?.project;
    if (project === undefined) return undefined;
    const document = writtenPart('Project', Project.toJSON(project));
    return { id: project.meta?.id ?? name, etag: project.meta?.etag ?? '', document };
  },
  create: async ({ connection }, { name, document }, write) => {
    const request = CreateProjectRequest.create({
      name,
      displayName: titleOf(document),
      labels: partsOf(document).labels,
      options: write,
    });
    await connection.unary(ProjectServiceService.createProject, request);
  },
  update: async ({ connection }, { name }, { etag }, { document, changed }, write) => {
    const request = UpdateProjectRequest.create({
      project: name,
      displayName: titleOf(document),
      labels: partsOf(document).labels,
      updateMask: maskOf(changed, () => 'display_name'),
      etag,
      options: write,
    });
    await connection.unary(ProjectServiceService.updateProject, request);
  },
  remove: async ({ connection }, { name }, _stored, write) => {
    const request = DeleteProjectRequest.create({ project: name, options: write });
    await connection.unary(ProjectServiceService.deleteProject, request);
  },
};

function titleOf({ displayName }: Readonly<Record<string, unknown>>): string {
  return typeof displayName === 'string' ? displayName : '';
}
