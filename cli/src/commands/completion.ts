import { type Call } from '../call.js';
import { candidatesFor } from '../candidates.js';
import { completionScripts } from '../completion-scripts.js';
import { loadConfig } from '../context.js';
import type { Completion } from '../registry/types.js';

/** How many names a shell is offered. */
const namesMax = 200;

/** `flotilla completion bash|zsh|fish` */
export async function completion(call: Call): Promise<void> {
  const shell = call.argument('shell');
  const script = Object.entries(completionScripts).find(([name]) => name === shell)?.[1];
  if (script !== undefined) call.print(script);
}

/** `flotilla __complete -- WORD …`: candidates for the last word, one per line; silent when the server is away. */
export async function complete(call: Call): Promise<void> {
  const line = call.list('words');
  const last = line.at(-1) ?? '';
  const { words, names, prefix } = candidatesFor(line, call.commands);
  const asked = names === undefined ? [] : await namesFor(call, names);
  const matching = asked
    .map((each) => (each === ':file' ? each : prefix + each))
    .filter((each) => each === ':file' || each.startsWith(last));
  const all = [...words, ...matching].slice(0, namesMax);
  if (all.length > 0) call.print(all.join('\n'));
}

async function namesFor(call: Call, wanted: Completion): Promise<readonly string[]> {
  if (wanted === 'file') return [':file'];
  if (wanted === 'noun' || wanted === 'noun/name' || wanted === 'name-of-noun') return [];
  try {
    if (wanted === 'context') return (await loadConfig(call.env)).contexts.map(({ name }) => name);
    const { resources } = await import('../resources/index.js');
    const { everything } = await import('../resources/resource.js');
    const items = await resources[wanted].list(await call.session(), everything);
    return items.map(({ name }) => name);
  } catch {
    // A shell in the middle of a line is no place for an error.
    return [];
  }
}
