import { assert } from '@flotilla/kit';

/** The options of one call, as the parser checked them against the registry. */
export class Options {
  constructor(private readonly values: Readonly<Record<string, unknown>>) {}

  /** The text after `--name`, or undefined. */
  text(name: string): string | undefined {
    const value = this.values[keyOf(name)];
    assert(value === undefined || typeof value === 'string', `option ${name} is not a text`);
    return value;
  }

  /** Whether the option stands on the line at all. */
  given(name: string): boolean {
    return this.values[keyOf(name)] !== undefined;
  }

  flag(name: string): boolean {
    return this.values[keyOf(name)] === true;
  }

  /** Everything given by repeating `--name`. */
  list(name: string): readonly string[] {
    const value = this.values[keyOf(name)];
    if (value === undefined) return [];
    assert(isTextList(value), `option ${name} is not a list`);
    return value;
  }

  /** A whole number (kind "whole") or milliseconds (kind "duration"). */
  number(name: string): number | undefined {
    const value = this.values[keyOf(name)];
    assert(value === undefined || typeof value === 'number', `option ${name} is not a number`);
    return value;
  }
}

/** `request-timeout` → `requestTimeout`, as the parser stores it. */
export function keyOf(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function isTextList(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
