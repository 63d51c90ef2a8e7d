import picocolors from 'picocolors';
import type { Env, Output } from '../env.js';

/** What a text means; colour says it again, never alone. */
export type Tone = 'good' | 'busy' | 'bad' | 'dim' | 'bold' | 'plain';

export type Painter = (text: string, tone: Tone) => string;

/** Colours only on a terminal that has them and was not asked to do without. */
export function painterFor(env: Env, output: Output, noColor: boolean): Painter {
  const noColorWanted = (env.vars['NO_COLOR'] ?? '') !== '' || env.vars['TERM'] === 'dumb';
  const colors = picocolors.createColors(output.isTTY && !noColor && !noColorWanted);
  const paints = {
    good: colors.green,
    busy: colors.yellow,
    bad: colors.red,
    dim: colors.dim,
    bold: colors.bold,
    plain: String,
  } satisfies Record<Tone, (text: string) => string>;
  return (text, tone) => (text === '' ? '' : paints[tone](text));
}
