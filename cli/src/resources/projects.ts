import { GetProjectRequest, ListProjectsRequest, Project, ProjectServiceService, ProjectState } from '@flotilla/proto';
import { field, labelText, sentence } from '../output/describe.js';
import { projectStateText, stateTone } from '../output/states.js';
import { absolute } from '../output/times.js';
import { allPages } from './pages.js';
import { dash, timeCell } from './places.js';
import { answered, type Item, listOptions, noStanding, type Resource, toKindJson } from './resource.js';

function toItem(project: Project): Item {
  const { meta, displayName } = project;
  return {
    id: meta?.id ?? '',
    name: meta?.name ?? '',
    json: toKindJson('project', Project.toJSON(project)),
    standing: {
      ...noStanding,
      status: projectStateText(project.state),
      message: project.message,
      reached: project.state === ProjectState.ACTIVE ? ['ready'] : [],
    },
    cells: (nowMs, wide) => [
      { text: meta?.name ?? '' },
      { text: projectStateText(project.state), tone: stateTone(projectStateText(project.state)) },
      { text: dash(displayName) },
      timeCell(meta?.createTime, nowMs, wide),
      { text: meta?.id ?? '' },
    ],
    describe: () =>
      Promise.resolve([
        `Project ${meta?.name ?? ''} (${meta?.id ?? ''}), created ${absolute(meta?.createTime)}`,
        ...field('Status', sentence(projectStateText(project.state), project.message)),
        ...field('Title', displayName),
        ...field('Labels', labelText(meta?.labels ?? {})),
      ]),
  };
}

export const projectResource: Resource = {
  columns: [
    { header: 'NAME' },
    { header: 'STATUS' },
    { header: 'TITLE' },
    { header: 'AGE', volatile: true },
    { header: 'ID', wide: true },
  ],
  goals: ['ready', 'deleted'],
  list: async ({ connection }, query) => {
    const projects = await allPages(async (page) => {
      const request = ListProjectsRequest.create({ options: listOptions(page, query) });
      const { projects: items, nextPageToken } = await connection.unary(ProjectServiceService.listProjects, request);
      return { items, nextPageToken };
    });
    return projects.map(toItem);
  },
  get: async ({ connection }, name) => {
    const { project } = await connection.unary(
      ProjectServiceService.getProject,
      GetProjectRequest.create({ project: name }),
    );
    return toItem(answered(project, 'project'));
  },
};
