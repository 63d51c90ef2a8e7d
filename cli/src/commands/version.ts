import { GetServerInfoRequest, GetServerInfoResponse, VersionServiceService } from '@flotilla/proto';
import type { Call } from '../call.js';
import { parseFormat, renderData } from '../output/format.js';
import { cliVersion } from '../version-number.js';

/** `flotilla version`: this command and the server of the context. */
export async function version(call: Call): Promise<void> {
  const format = parseFormat(call.options.text('output'));
  const plain = format.kind === 'table' || format.kind === 'name';
  if (plain) call.print(`Client  ${cliVersion}`);
  if (call.options.flag('client')) {
    if (!plain) call.env.stdout.write(await renderData(format, { client: { version: cliVersion } }));
    return;
  }
  const { connection, context } = await call.session();
  const server = await connection.unary(VersionServiceService.getServerInfo, GetServerInfoRequest.create({}));
  if (!plain) {
    call.env.stdout.write(
      await renderData(format, { client: { version: cliVersion }, server: GetServerInfoResponse.toJSON(server) }),
    );
    return;
  }
  const agents = server.agentsConnected === 1 ? '1 agent' : `${server.agentsConnected} agents`;
  call.print(`Server  ${server.version} at ${context.server}, ${agents} connected, instance ${server.instanceId}`);
}
