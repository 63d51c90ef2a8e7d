import type { EngineExtension } from '@flotilla/core';
import { healthReconciler } from './health-reconciler.js';
import { HealthMemory } from './memory.js';
import { noHealthMetrics, type HealthMetrics } from './metrics.js';
import { remediationReconciler } from './remediation-reconciler.js';

export interface HealthOptions {
  readonly metrics?: HealthMetrics;
}

/** Health and its repair, given to `createEngine`. */
export function healthExtension(options: HealthOptions = {}): EngineExtension {
  return (context) => {
    const memory = new HealthMemory();
    return [
      healthReconciler(context, memory),
      remediationReconciler(context, memory, options.metrics ?? noHealthMetrics),
    ];
  };
}
