import { AccessServiceService, GetCallerRequest, GetCallerResponse } from '@flotilla/proto';
import type { Call } from '../call.js';
import { parseFormat, renderData } from '../output/format.js';
import { roleText } from '../output/states.js';

/** `flotilla whoami` */
export async function whoami(call: Call): Promise<void> {
  const format = parseFormat(call.options.text('output'));
  const { connection, context } = await call.session();
  const caller = await connection.unary(AccessServiceService.getCaller, GetCallerRequest.create({}));
  if (format.kind === 'table')
    call.print(`${caller.subject}, ${roleText(caller.role)} of project ${caller.project} at ${context.server}`);
  else if (format.kind === 'name') call.print(caller.subject);
  else call.env.stdout.write(await renderData(format, GetCallerResponse.toJSON(caller)));
}
