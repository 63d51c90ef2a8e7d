import { AccessServiceService, GetCallerRequest } from '@flotilla/proto';
import { type Call, usageError } from '../call.js';
import { changeConfig, configPath, type Context, loadAdminFile } from '../context.js';
import { roleText } from '../output/states.js';

/** `flotilla login --from <admin.json>`: asks the server first, then keeps the context and makes it the current one. */
export async function login(call: Call): Promise<void> {
  const { env, options } = call;
  const path = options.text('from') ?? env.vars['FLOTILLA_ADMIN_FILE'];
  if (path === undefined || path === '') {
    throw usageError(
      'which file holds the key?',
      'Say --from <admin.json>. The server writes it into its data directory (default /var/lib/flotilla).',
    );
  }
  const found = await loadAdminFile(env, path);
  const { Connection } = await import('../client.js');
  const connection = new Connection(found, options.number('request-timeout') ?? 30_000, env.signal);
  try {
    const caller = await connection.unary(AccessServiceService.getCaller, GetCallerRequest.create({}));
    const project = options.text('project') ?? (caller.project === '' ? found.project : caller.project);
    const context: Context = { ...found, name: options.text('name') ?? found.name, project };
    await changeConfig(env, ({ contexts }) => ({
      currentContext: context.name,
      contexts: [...contexts.filter(({ name }) => name !== context.name), context],
    }));
    call.print(`Logged in at ${context.server} as ${caller.subject} (${roleText(caller.role)} of project ${project}).`);
    call.print(`Context ${context.name} is now the current one, kept in ${configPath(env)}.`);
  } finally {
    connection.close();
  }
}
