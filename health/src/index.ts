export { adaptiveDeadlineMs, arrivalsKept } from './plan/deadline.js';
export { StallMeter } from './plan/stall-meter.js';
export { healthExtension, type HealthOptions } from './reconcile/extension.js';
export {
  healthMetricNames,
  noHealthMetrics,
  type ClusterHealthFacts,
  type HealthMetrics,
} from './reconcile/metrics.js';
