import {
  AccessServiceService,
  type ApiKey,
  CreateApiKeyRequest,
  CreateApiKeyResponse,
  GetCallerRequest,
  ListApiKeysRequest,
  RevokeApiKeyRequest,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Call, Session } from '../../call.js';
import { parseFormat, renderData } from '../../output/format.js';
import { until } from '../../output/times.js';
import { toDuration } from '../../parse.js';
import { allPages } from '../../resources/pages.js';

/**
 * `flotilla api-key rotate NAME`: a second key with the same role. The old one stays valid until it ends by itself, so
 * that whoever uses it can change over; with --revoke-old it ends at once, after the new one was seen to work.
 */
export async function rotateApiKey(call: Call): Promise<void> {
  const { options, env } = call;
  const format = parseFormat(options.text('output'));
  const session = await call.session();
  const { connection, project } = session;
  const keys = await listKeys(session);
  const old = findKey(keys, call.argument('name'), project);
  const oldName = old.meta?.name ?? '';
  const name = nextName(oldName, keys);
  const ttl = toDuration(options.number('ttl') ?? lifeMs(old));
  const request = CreateApiKeyRequest.create({ project, name, role: old.role, ttl, options: call.writeOptions() });
  const answer = await connection.unary(AccessServiceService.createApiKey, request);
  const revoke = options.flag('revoke-old');
  if (revoke && !call.dryRun) {
    await proveWorks(call, session, answer.secret);
    const end = RevokeApiKeyRequest.create({ project, apiKey: old.meta?.id ?? oldName, options: call.writeOptions() });
    await connection.unary(AccessServiceService.revokeApiKey, end);
  }
  const nowMs = env.clock.now().wallMs;
  const fate = revoke ? 'is revoked' : `stays valid and ends ${until(old.expireTime, nowMs)}`;
  if (format.kind === 'name') call.print(`api-key/${name}`);
  else if (format.kind !== 'table') env.stdout.write(await renderData(format, CreateApiKeyResponse.toJSON(answer)));
  else if (call.dryRun) call.done(`api-key/${name}`, `created; ${oldName} ${fate}`);
  else if (env.stdout.isTTY)
    call.print(`API key ${name} takes the place of ${oldName}, shown once:\n\n  ${answer.secret}`);
  else call.print(answer.secret);
  call.note(
    `Key ${oldName} ${fate}.${revoke ? '' : ` End it as soon as nobody uses it: flotilla api-key revoke ${oldName}`}`,
  );
}

async function listKeys({ connection, project }: Session): Promise<readonly ApiKey[]> {
  return allPages(async (page) => {
    const request = ListApiKeysRequest.create({ project, options: page });
    const { apiKeys: items, nextPageToken } = await connection.unary(AccessServiceService.listApiKeys, request);
    return { items, nextPageToken };
  });
}

function findKey(keys: readonly ApiKey[], name: string, project: string): ApiKey {
  const found = keys.find(({ meta }) => meta?.name === name || meta?.id === name);
  if (found === undefined)
    throw new FlotillaError('API_KEY_NOT_FOUND', `there is no API key ${name} in project ${project}`, {
      kind: 'not-found',
      remedy: 'See: flotilla api-key list',
    });
  if (found.revokeTime === undefined) return found;
  throw new FlotillaError('API_KEY_REVOKED', `API key ${name} is revoked; there is nothing to take over`, {
    kind: 'precondition',
    remedy: 'Make a new one: flotilla api-key create NAME --role ROLE',
  });
}

/** `ci` → `ci-2`, `ci-2` → `ci-3`: the first that is free. */
function nextName(name: string, keys: readonly ApiKey[]): string {
  const [, base = name, number] = /^(.*?)-(\d+)$/.exec(name) ?? [];
  const taken = new Set(keys.map(({ meta }) => meta?.name));
  for (let at = Number(number ?? 1) + 1; ; at++) {
    const candidate = `${base}-${at}`;
    if (!taken.has(candidate)) return candidate;
  }
}

/** As long as the old one was made for. */
function lifeMs({ meta, expireTime }: ApiKey): number | undefined {
  if (meta?.createTime === undefined || expireTime === undefined) return undefined;
  return Math.max(60_000, expireTime.getTime() - meta.createTime.getTime());
}

async function proveWorks(call: Call, { context }: Session, secret: string): Promise<void> {
  const { Connection } = await import('../../client.js');
  const connection = new Connection({ ...context, apiKey: secret }, 30_000, call.env.signal);
  try {
    await connection.unary(AccessServiceService.getCaller, GetCallerRequest.create({}));
  } catch (error) {
    // The secret is not in the text: what failed is the call, and the old key stays.
    call.env.stderr.write('The new key was made and does not work yet; the old one was not touched.\n');
    throw error;
  } finally {
    connection.close();
  }
}
