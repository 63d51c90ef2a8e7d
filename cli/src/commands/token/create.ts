import { CreateTokenRequest, CreateTokenResponse, TokenServiceService } from '@flotilla/proto';
import { type Call, parseLabels, usageError } from '../../call.js';
import { parseFormat, renderData } from '../../output/format.js';
import { parseLocation, toDuration } from '../../parse.js';

/** `flotilla token create`: on a terminal the line to paste with what it does, on a pipe that line alone. */
export async function createToken(call: Call): Promise<void> {
  const { options, env } = call;
  const format = parseFormat(options.text('output'));
  const request = CreateTokenRequest.create({
    project: '',
    cluster: options.text('cluster') ?? '',
    nodePool: options.text('pool') ?? '',
    maxUses: options.number('max-uses') ?? 0,
    ttl: toDuration(options.number('ttl')),
    machineLabels: parseLabels('label', options.list('label')),
    location: parseLocation(options.text('location')),
    sourceCidrs: [...options.list('source-cidr')],
    options: call.writeOptions(),
  });
  if (request.cluster !== '' && request.nodePool === '')
    throw usageError('--cluster goes with --pool', 'Without --pool the machine becomes a spare.');
  const { connection, project } = await call.session();
  request.project = project;
  const answer = await connection.unary(TokenServiceService.createToken, request);
  if (format.kind === 'name') call.print(`token/${answer.token?.meta?.id ?? ''}`);
  else if (format.kind !== 'table') env.stdout.write(await renderData(format, CreateTokenResponse.toJSON(answer)));
  else if (call.dryRun) call.done('token', 'created');
  else if (env.stdout.isTTY) call.print(explained(answer, project, env.clock.now().wallMs));
  else call.print(answer.installCommand);
}

function explained({ token, installCommand }: CreateTokenResponse, project: string, nowMs: number): string {
  const uses = token?.maxUses === 1 ? 'one use' : `${token?.maxUses ?? 0} uses`;
  const validMs = (token?.expireTime?.getTime() ?? nowMs) - nowMs;
  const target =
    token === undefined || token.pool === ''
      ? 'as a spare: any pool that matches may claim it'
      : `pool ${token.pool} of cluster ${token.cluster}`;
  return [
    `Paste this on the server (${uses}, valid ${validText(validMs)}, shown once):`,
    '',
    `  ${installCommand}`,
    '',
    `What it does: enrolls the machine in project ${project}, ${target}. Undo on the server: sudo flotilla-agent leave`,
  ].join('\n');
}

/** `1 h`, `2 d`, `90 min`: whole units, as they were asked for. */
function validText(validMs: number): string {
  const minutes = Math.ceil(validMs / 60_000);
  if (minutes % (24 * 60) === 0) return `${minutes / (24 * 60)} d`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
