import { AccessServiceService, CreateApiKeyRequest, CreateApiKeyResponse } from '@flotilla/proto';
import type { Call } from '../../call.js';
import { parseFormat, renderData } from '../../output/format.js';
import { absolute } from '../../output/times.js';
import { roleOf, toDuration } from '../../parse.js';

/** `flotilla api-key create NAME --role ROLE`: the secret goes to stdout, alone on a pipe. */
export async function createApiKey(call: Call): Promise<void> {
  const { options, env } = call;
  const format = parseFormat(options.text('output'));
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const answer = await connection.unary(
    AccessServiceService.createApiKey,
    CreateApiKeyRequest.create({
      project,
      name,
      role: roleOf(options.text('role') ?? ''),
      ttl: toDuration(options.number('ttl')),
      options: call.writeOptions(),
    }),
  );
  if (format.kind === 'name') call.print(`api-key/${name}`);
  else if (format.kind !== 'table') env.stdout.write(await renderData(format, CreateApiKeyResponse.toJSON(answer)));
  else if (call.dryRun) call.done(`api-key/${name}`, 'created');
  else if (env.stdout.isTTY) {
    call.print(
      `API key ${name} (${options.text('role') ?? ''} of project ${project}, until ${absolute(answer.apiKey?.expireTime)}), shown once:\n\n  ${answer.secret}`,
    );
  } else call.print(answer.secret);
}
