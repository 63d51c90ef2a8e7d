import type { Call } from '../call.js';
import { parseSelection } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import { usageError } from '../call.js';
import { queryOf } from './get.js';

/** `flotilla describe TYPE [NAME …]`: all of them when no name is given. */
export async function describe(call: Call): Promise<void> {
  const { noun, names } = parseSelection(call.list('type'));
  const query = queryOf(call);
  const session = await call.session();
  if (names.length > 0 && query.filter !== '') throw usageError('-l and --filter go with a list, not with names');
  const resource = resources[noun];
  const items =
    names.length === 0
      ? await resource.list(session, query)
      : await Promise.all(names.map((name) => resource.get(session, name, query)));
  for (const [at, item] of items.entries()) {
    if (at > 0) call.print('\n');
    const lines = await item.describe(session, call.env.clock.now().wallMs, call.paint);
    call.print(lines.join('\n'));
  }
}
