export { adaptiveDeadlineMs, arrivalsKept } from './plan/deadline.js';
export { StallMeter } from './plan/stall-meter.js';
