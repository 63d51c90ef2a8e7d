/** What `wait --for` may wait for by name. */
export const goals = [
  'ready',
  'running',
  'provisioned',
  'healthy',
  'updated',
  'connected',
  'available',
  'cordoned',
  'drained',
  'deleted',
] as const;
export type Goal = (typeof goals)[number];
