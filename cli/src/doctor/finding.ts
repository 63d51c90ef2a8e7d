/** What one check found. */
export interface Finding {
  readonly check: string;
  readonly state: 'ok' | 'warn' | 'bad';
  /** What was seen, with the facts. */
  readonly text: string;
  /** What a person can do; empty when nothing has to be done. */
  readonly cure: string;
}

export function ok(check: string, text: string): Finding {
  return { check, state: 'ok', text, cure: '' };
}

export function warn(check: string, text: string, cure: string): Finding {
  return { check, state: 'warn', text, cure };
}

export function bad(check: string, text: string, cure: string): Finding {
  return { check, state: 'bad', text, cure };
}
