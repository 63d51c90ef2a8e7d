import { FlotillaError } from '@flotilla/kit';
import type { Session } from '../../call.js';
import type { Manifest } from '../read.js';

/** What every write carries. */
export interface Write {
  readonly requestId: string;
  readonly validateOnly: boolean;
}

/** What is there of a manifest's resource. */
export interface Stored {
  readonly id: string;
  readonly etag: string;
  /** The part that people write, as proto JSON. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** What a resource shall become. */
export interface Wanted {
  /** The whole document: what is there with the manifest laid over it. */
  readonly document: Readonly<Record<string, unknown>>;
  /** Paths that differ from what is there, for example `spec.size`, `meta.labels`. */
  readonly changed: readonly string[];
}

/** The calls behind one kind. */
export interface KindSteps {
  /** Undefined when there is no such thing yet. */
  load(session: Session, manifest: Manifest): Promise<Stored | undefined>;
  create(session: Session, manifest: Manifest, write: Write): Promise<void>;
  /** With the etag of what was loaded: a change in between is refused, never overwritten. */
  update(session: Session, manifest: Manifest, stored: Stored, wanted: Wanted, write: Write): Promise<void>;
  remove(session: Session, manifest: Manifest, stored: Stored, write: Write): Promise<void>;
}

export function projectOf(session: Session, manifest: Manifest): string {
  return manifest.project === '' ? session.project : manifest.project;
}

/** Undefined for what is not there. */
export async function unlessMissing<T>(wanted: Promise<T>): Promise<T | undefined> {
  try {
    return await wanted;
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

/** Labels and spec of a document, empty where nothing was written. */
export function partsOf(document: Readonly<Record<string, unknown>>): {
  readonly labels: Record<string, string>;
  readonly spec: Record<string, unknown>;
} {
  const { labels } = recordOf(document['meta']);
  return { labels: textsOf(labels), spec: recordOf(document['spec']) };
}

/** `meta.labels` → `labels`, and other paths cut to `words` words below `spec.`, each once. */
export function maskOf(changed: readonly string[], toPath: (path: string) => string): string[] {
  return [...new Set(changed.map((path) => (path.startsWith('meta.labels') ? 'labels' : toPath(path))))];
}

export function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function textsOf(value: unknown): Record<string, string> {
  return Object.fromEntries(Object.entries(recordOf(value)).map(([key, text]) => [key, String(text)]));
}
