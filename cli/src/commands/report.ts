import type { Call } from '../call.js';
import { parseFormat, renderData } from '../output/format.js';
import { type NounName } from '../registry/nouns.js';
import { toKindJson } from '../resources/resource.js';

/** Says what a write did: `pool/workers created`, or the resource in the form that `-o` asks for. */
export async function report(
  call: Call,
  done: { noun: NounName; name: string; deed: string; json: unknown },
): Promise<void> {
  const format = parseFormat(call.options.text('output'));
  if (format.kind === 'name') call.print(`${done.noun}/${done.name}`);
  else if (format.kind === 'table') call.done(`${done.noun}/${done.name}`, done.deed);
  else call.env.stdout.write(await renderData(format, toKindJson(done.noun, done.json)));
}
