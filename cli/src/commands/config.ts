import { FlotillaError } from '@flotilla/kit';
import type { Call } from '../call.js';
import { changeConfig, findContext, loadConfig } from '../context.js';
import { parseFormat, renderData } from '../output/format.js';
import { renderTable } from '../output/table.js';

/** `flotilla config contexts`; never shows a key. */
export async function listContexts(call: Call): Promise<void> {
  const format = parseFormat(call.options.text('output'));
  const { contexts, currentContext } = await loadConfig(call.env);
  if (format.kind === 'name') {
    for (const { name } of contexts) call.print(name);
    return;
  }
  if (format.kind !== 'table') {
    const items = contexts.map(({ name, server, project }) => ({
      name,
      server,
      project,
      current: name === currentContext,
    }));
    call.env.stdout.write(await renderData(format, { items }));
    return;
  }
  if (contexts.length === 0) {
    call.note('No contexts yet. Log in: flotilla login --from <admin.json>');
    return;
  }
  const rows = contexts.map(({ name, server, project }) => [
    { text: name === currentContext ? '*' : '' },
    { text: name },
    { text: server },
    { text: project },
  ]);
  const columns = [{ header: 'CURRENT' }, { header: 'NAME' }, { header: 'SERVER' }, { header: 'PROJECT' }];
  call.print(
    renderTable(columns, rows, call.paint, {
      wide: false,
      headers: !call.options.flag('no-headers'),
      columnsMax: undefined,
    }).lines.join('\n'),
  );
}

/** `flotilla config current-context` */
export async function currentContext(call: Call): Promise<void> {
  const config = await loadConfig(call.env);
  if (config.currentContext === '') {
    throw new FlotillaError('NO_CURRENT_CONTEXT', 'no context is the current one', {
      kind: 'not-found',
      remedy: 'Choose one: flotilla config use-context NAME, or log in: flotilla login --from <admin.json>',
    });
  }
  call.print(config.currentContext);
}

/** `flotilla config use-context NAME` */
export async function useContext(call: Call): Promise<void> {
  const name = call.argument('name');
  await changeConfig(call.env, (config) => ({ ...config, currentContext: findContext(config, name).name }));
  call.print(`Context ${name} is now the current one.`);
}

/** `flotilla config delete-context NAME` */
export async function deleteContext(call: Call): Promise<void> {
  const name = call.argument('name');
  await changeConfig(call.env, (config) => {
    findContext(config, name);
    return {
      currentContext: config.currentContext === name ? '' : config.currentContext,
      contexts: config.contexts.filter((each) => each.name !== name),
    };
  });
  call.print(`Context ${name} is forgotten here. Its API key is still valid: flotilla api-key revoke`);
}
