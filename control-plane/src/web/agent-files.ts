import type { ServedFile } from './respond.js';

/** What a new machine downloads: scripts, rendered once at start, and the files of the agent by architecture. */
export interface AgentFiles {
  readonly version: string;
  /** The exact text of the manifest; install.sh reads it line by line. */
  readonly manifest: string;
  readonly scripts: ReadonlyMap<string, string>;
  /** By `<arch>/<name>`; what is not in here is not served. */
  readonly files: ReadonlyMap<string, ServedFile>;
}
