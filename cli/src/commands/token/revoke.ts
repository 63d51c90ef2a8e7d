import { EnrollmentToken, RevokeTokenRequest, TokenServiceService } from '@flotilla/proto';
import type { Call } from '../../call.js';
import { report } from '../report.js';

/** `flotilla token revoke NAME`: nobody enrolls with it any more; machines that did stay. */
export async function revokeToken(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const { token } = await connection.unary(
    TokenServiceService.revokeToken,
    RevokeTokenRequest.create({ project, token: name, options: call.writeOptions() }),
  );
  await report(call, { noun: 'token', name, deed: 'revoked', json: token && EnrollmentToken.toJSON(token) });
}
