import { differences, textAt } from './difference.js';
import { withRemovals } from './form.js';
import { pickPaths, valueAtPath } from './paths.js';
import { type Manifest, readManifests } from './read.js';

/** The text in the editor: our comments at the top, and below them what the person writes. */
export class EditText {
  constructor(
    private readonly title: string,
    readonly body: string,
    readonly problems: readonly string[],
  ) {}

  toString(): string {
    const intro = [
      `${this.title}: change it, save, and close the editor. An empty file leaves everything as it is.`,
      ...(this.problems.length === 0
        ? []
        : ['This was not accepted yet:', ...this.problems.map((each) => `  ${each}`)]),
    ];
    return `${intro
      .flatMap((text) => text.split('\n'))
      .map((line) => `# ${line}\n`)
      .join('')}${this.body}`;
  }

  /** What was saved: our comments at the top are taken off, and nothing else. */
  saved(text: string): EditText {
    return new EditText(this.title, text.replace(/^(#[^\n]*(\n|$))+/, ''), this.problems);
  }

  /** The same text with what is wrong with it. Lines are told as they will stand in the file. */
  with(problems: readonly string[]): EditText {
    const lineCount = problems.flatMap((text) => text.split('\n')).length + 2;
    const shifted = problems.map((text) =>
      text.replace(/^:(\d+): /, (_, line: string) => `line ${Number(line) + lineCount}: `),
    );
    return new EditText(this.title, this.body, shifted);
  }
}

/** An edit that can be sent. */
export interface GoodEdit {
  /** Paths that the person changed. */
  readonly changed: readonly string[];
  /** Only those paths, for sending: what others change elsewhere stays. */
  pick(paths: readonly string[]): Record<string, unknown>;
  /** Whether somebody else changed that very field meanwhile. */
  movedSince(base: unknown, current: unknown, path: string): boolean;
  movedText(current: unknown, path: string): string;
}

/** Checks what was saved against what was opened. */
export function judgeEdit(
  subject: Manifest,
  base: Readonly<Record<string, unknown>>,
  body: string,
): GoodEdit | { readonly problems: readonly string[] } {
  const { manifests, problems } = readManifests(body, '');
  if (problems.length > 0) return { problems };
  const [edited, ...more] = manifests;
  if (edited === undefined || more.length > 0) return { problems: ['there must be exactly one document.'] };
  if (edited.kind !== subject.kind || edited.name !== subject.name || edited.cluster !== subject.cluster)
    return { problems: [`kind, name and cluster say what is edited (${subject.kind} ${subject.name}); they stay.`] };
  const wanted = withRemovals(base, edited.document);
  return {
    changed: differences(wanted, base),
    pick: (paths) => pickPaths(wanted, paths),
    movedSince: (before, current, path) =>
      JSON.stringify(valueAtPath(before, path) ?? null) !== JSON.stringify(valueAtPath(current, path) ?? null),
    movedText: (current, path) =>
      `somebody else changed ${path} meanwhile; it is now ${textAt(current, path)}. Save once more to have yours.`,
  };
}
