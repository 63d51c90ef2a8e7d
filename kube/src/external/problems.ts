import type { KubeconfigProblem } from './kubeconfig-types.js';

/** Collects everything wrong with an input; reading goes on after a problem, so that all are told at once. */
export class Problems {
  readonly found: KubeconfigProblem[] = [];

  add(field: string, description: string, remedy: string): undefined {
    this.found.push({ field, description, remedy });
    return undefined;
  }
}

/** A map of untrusted data, read field by field; each field that was not asked for is a problem in the end. */
export class StrictMap {
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #known = new Set<string>();

  private constructor(
    readonly path: string,
    value: object,
    readonly problems: Problems,
  ) {
    this.#fields = new Map(Object.entries(value));
  }

  static of(value: unknown, path: string, problems: Problems): StrictMap | undefined {
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return new StrictMap(path, value, problems);
    return problems.add(
      path,
      'must be a map of fields',
      'Give the whole kubeconfig, as kubectl config view prints it.',
    );
  }

  at(key: string): string {
    return this.path === '' ? key : `${this.path}.${key}`;
  }

  has(key: string): boolean {
    this.#known.add(key);
    return (this.#fields.get(key) ?? undefined) !== undefined;
  }

  raw(key: string): unknown {
    this.#known.add(key);
    return this.#fields.get(key) ?? undefined;
  }

  /** Undefined when it is missing or empty; a value that is no text is a problem. */
  text(key: string): string | undefined {
    const value = this.raw(key);
    if (value === undefined || value === '') return undefined;
    if (typeof value === 'string') return value;
    return this.problems.add(this.at(key), 'must be a text', 'Write the value in quotes.');
  }

  /** Fields that may be there and do not matter. */
  ignore(...keys: readonly string[]): void {
    for (const key of keys) this.#known.add(key);
  }

  /** To be called last. */
  refuseUnknown(): void {
    for (const key of this.#fields.keys()) {
      if (this.#known.has(key)) continue;
      const shown = /^[\w.-]{1,60}$/.test(key) ? key : JSON.stringify(key.slice(0, 60));
      this.problems.add(this.at(shown), 'is not a field of a kubeconfig that Flotilla knows', 'Remove the field.');
    }
  }
}
