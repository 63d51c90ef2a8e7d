import type { Engine, EnginePorts } from '@flotilla/core';

/** Decides nothing yet: the engine of core takes this place. */
export function createEngine(_ports: EnginePorts): Engine {
  return {
    tasks: [],
    wake: () => undefined,
    pushFor: () => Promise.resolve(undefined),
    clusterClient: () => undefined,
    clusterLinks: () => [],
    idle: () => Promise.resolve(),
  };
}
