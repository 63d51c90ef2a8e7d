import { CreateProjectRequest, Project, ProjectServiceService } from '@flotilla/proto';
import { type Call, parseLabels } from '../../call.js';
import { answered } from '../../resources/resource.js';
import { report } from '../report.js';

/** `flotilla create project NAME` */
export async function createProject(call: Call): Promise<void> {
  const { connection } = await call.session();
  const name = call.argument('name');
  const request = CreateProjectRequest.create({
    name,
    displayName: call.options.text('title') ?? '',
    labels: parseLabels('label', call.options.list('label')),
    options: call.writeOptions(),
  });
  const { project } = await connection.unary(ProjectServiceService.createProject, request);
  await report(call, { noun: 'project', name, deed: 'created', json: Project.toJSON(answered(project, 'project')) });
  if (!call.dryRun)
    call.note(
      `Work in it: --project ${name}. Give somebody a role: flotilla member set SUBJECT --role member --project ${name}`,
    );
}
