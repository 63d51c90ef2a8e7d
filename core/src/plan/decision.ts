import type { EventSeverity } from '@flotilla/proto';

/** A state with its cause and one sentence. */
export interface Verdict<S> {
  readonly state: S;
  /** UpperCamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** Something worth an event, about the resource that was decided on. */
export interface Note {
  readonly severity: EventSeverity;
  readonly category: string;
  readonly reason: string;
  readonly message: string;
}

/** `1 node`, `2 nodes`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `install-runtime` to `InstallRuntime`. */
export function camelCase(text: string): string {
  return text
    .split('-')
    .map((part) => part.slice(0, 1).toUpperCase() + part.slice(1))
    .join('');
}
