import type { Call } from '../call.js';
import { parseFormat } from '../output/format.js';
import type { NounName } from '../registry/nouns.js';
import { resources } from '../resources/index.js';
import { printItems, queryOf } from './get.js';

/** `flotilla token list` and its like: the same as `flotilla get tokens`. */
export function listOf(noun: NounName): (call: Call) => Promise<void> {
  return async (call) => {
    const format = parseFormat(call.options.text('output'));
    await printItems(call, noun, await resources[noun].list(await call.session(), queryOf(call)), format, false);
  };
}
