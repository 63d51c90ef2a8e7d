import type { Random } from '@flotilla/kit';

/** Small chances of trouble, drawn per seed; 0 = this kind is off in this run. */
export interface ChaosLevels {
  /** The server dies at a port call (before or after it took effect). */
  readonly serverCrash: number;
  /** An agent dies before, inside, or after a write of its journal. */
  readonly agentCrash: number;
  /** A commit of the store fails: disk full. */
  readonly storeFull: number;
  /** A write of the store fails for good: the server must exit. */
  readonly storeBroken: number;
  /** A program on a host fails. */
  readonly stepFails: number;
  /** A message is sent twice, the second time late. */
  readonly replay: number;
  /** A call to an API server fails though it was carried out. */
  readonly apiLies: number;
}

export const noChaos: ChaosLevels = {
  serverCrash: 0,
  agentCrash: 0,
  storeFull: 0,
  storeBroken: 0,
  stepFails: 0,
  replay: 0,
  apiLies: 0,
};

/** Asked at every await that touches the world. Off while the world is built and after it was healed. */
export class Chaos {
  enabled = false;

  constructor(
    readonly levels: ChaosLevels,
    readonly random: Random,
  ) {}

  strikes(kind: keyof ChaosLevels): boolean {
    const level = this.levels[kind];
    return this.enabled && level > 0 && this.random.fraction() < level;
  }
}
