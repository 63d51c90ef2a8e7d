import { FlotillaError } from '@flotilla/kit';
import type { Call } from '../call.js';
import type { NounName } from '../registry/nouns.js';

/**
 * Asks for the name before something is destroyed. `--yes` and `--dry-run` go on at once; without a terminal to ask on,
 * nothing is assumed.
 */
export async function confirmByName(
  call: Call,
  subject: { readonly noun: NounName; readonly name: string; readonly deed: string },
  consequences: readonly string[],
): Promise<void> {
  if (call.options.flag('yes') || call.dryRun) return;
  const { stdin, stderr, signal } = call.env;
  const { noun, name, deed } = subject;
  if (!stdin.isTTY || !stderr.isTTY) {
    throw new FlotillaError(
      'CONFIRMATION_NEEDED',
      `to ${deed} ${noun} ${name} needs a yes, and there is no terminal to ask on`,
      {
        kind: 'invalid-argument',
        remedy: 'Add --yes. To see first what would be checked: --dry-run.',
      },
    );
  }
  stderr.write(`${consequences.join('\n')}\nType the name of the ${noun} to go on: `);
  const answer = await stdin.readLine(signal);
  if (answer?.trim() === name) return;
  if (answer === undefined) stderr.write('\n');
  throw new FlotillaError('NOT_CONFIRMED', `that is not ${name}. Nothing was changed`, { kind: 'precondition' });
}
