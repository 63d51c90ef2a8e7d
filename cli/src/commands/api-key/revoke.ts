import { AccessServiceService, ApiKey, RevokeApiKeyRequest } from '@flotilla/proto';
import type { Call } from '../../call.js';
import { report } from '../report.js';

/** `flotilla api-key revoke NAME` */
export async function revokeApiKey(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const { apiKey } = await connection.unary(
    AccessServiceService.revokeApiKey,
    RevokeApiKeyRequest.create({ project, apiKey: name, options: call.writeOptions() }),
  );
  await report(call, { noun: 'api-key', name, deed: 'revoked', json: apiKey && ApiKey.toJSON(apiKey) });
}
