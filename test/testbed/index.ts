/** Real servers for tests: booted, cut off, frozen and compared from TypeScript. */
export { openBed, type Bed, type BedOptions, type ServerSpec } from './host/bed.js';
export { type ExecOptions, type PartitionRequest, type Power, type Server } from './host/server.js';
export { type RunResult } from './host/run.js';
export { ensurePrerequisites, type Prerequisites } from './host/prerequisites.js';
export { findBeds, findLeftovers } from './host/leftovers.js';
export { cacheDir, defaultStateDir } from './host/paths.js';
export { diffSnapshots, parseSnapshot, type Section, type Snapshot } from './pure/snapshot-diff.js';
export { defaultServerNames, hostAddress } from './pure/names.js';
export { type Direction, type PartitionFrom } from './pure/bed-state.js';
export { TestbedError } from './pure/errors.js';
