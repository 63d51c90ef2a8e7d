import type { ManifestKind } from '../kinds.js';
import { clusterSteps } from './cluster.js';
import { machineSteps } from './machine.js';
import { memberSteps } from './member.js';
import { poolSteps } from './pool.js';
import { projectSteps } from './project.js';
import type { KindSteps } from './steps.js';

export const stepsOf: Readonly<Record<ManifestKind, KindSteps>> = {
  Project: projectSteps,
  Cluster: clusterSteps,
  NodePool: poolSteps,
  Machine: machineSteps,
  Member: memberSteps,
};
