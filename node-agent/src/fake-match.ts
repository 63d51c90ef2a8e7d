import { expect } from 'vitest';

/** Any text that contains this; vitest's own matcher has no type. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

/** Any text that matches this. */
export function matching(pattern: RegExp): unknown {
  return expect.stringMatching(pattern);
}
