import { FlotillaError } from '@flotilla/kit';
import type { Change } from '../host/changes.js';
import type { MembershipRecord } from '../steps/step.js';

/** Acts that happen at most once per nonce. */
export const acts = [
  'reboot',
  'restart-kubelet',
  'restart-runtime',
  'renew-certificates',
  'free-disk',
  'reset',
  'retry',
] as const;
export type Act = (typeof acts)[number];
/** `spent`: belonged to the first target of an empty journal, so it is not known whether it was done; it is not done again. */
export const nonceOutcomes = ['started', 'done', 'failed', 'interrupted', 'spent'] as const;
export type NonceOutcome = (typeof nonceOutcomes)[number];

export type JournalEntry =
  /** The first line: from here on, a nonce that is not written down was not carried out. */
  | { readonly kind: 'begun' }
  | {
      readonly kind: 'step';
      readonly step: string;
      readonly state: 'started' | 'done' | 'failed';
      readonly key?: string;
      readonly note?: string;
    }
  | { readonly kind: 'change'; readonly id: number; readonly change: Change }
  | { readonly kind: 'undone'; readonly id: number }
  | {
      readonly kind: 'nonce';
      readonly act: Act;
      readonly nonce: string;
      readonly state: NonceOutcome;
      readonly bootId: string;
    }
  | { readonly kind: 'membership'; readonly membership: MembershipRecord | null };

/** One line of journal.jsonl: numbered without gaps, so a missing line is seen. */
export type JournalLine = JournalEntry & { readonly n: number; readonly at: string };

const kinds = ['begun', 'step', 'change', 'undone', 'nonce', 'membership'];

export interface ParsedJournal {
  readonly lines: readonly JournalLine[];
  /** The text up to the last whole line: what the file is cut back to when a write was cut by a crash. */
  readonly sound: string;
}

/**
 * Reads a journal. A last line without its end is the trace of a crash in the middle of a write, and is dropped: what
 * it announced had not begun. Anything else that is not right is damage, and is refused.
 */
export function parseJournal(text: string): ParsedJournal {
  const end = text.lastIndexOf('\n') + 1;
  const sound = text.slice(0, end);
  const lines = sound
    .split('\n')
    .slice(0, -1)
    .map((line, index) => parseLine(line, index + 1));
  lines.forEach((line, index) => {
    const before = lines[index - 1];
    if (before !== undefined && line.n !== before.n + 1)
      throw damaged(index + 1, `number ${line.n} follows ${before.n}`);
  });
  return { lines, sound };
}

function parseLine(line: string, number: number): JournalLine {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw damaged(number, 'it is not JSON');
  }
  if (typeof value !== 'object' || value === null || !('n' in value) || typeof value.n !== 'number') {
    throw damaged(number, 'it has no number');
  }
  if (!('kind' in value) || typeof value.kind !== 'string' || !kinds.includes(value.kind)) {
    throw damaged(number, 'its kind is unknown to this version of the agent');
  }
  return value as JournalLine; // written by this file only, into a root-only directory; number and kind are checked
}

function damaged(line: number, why: string): FlotillaError {
  return new FlotillaError('JOURNAL_DAMAGED', `line ${line} of the journal is damaged: ${why}`, {
    kind: 'data-loss',
    remedy:
      'Nothing is done on this host without a sound journal. Restore journal.jsonl from a backup, or move it away if nothing of Flotilla is left on this host.',
  });
}
