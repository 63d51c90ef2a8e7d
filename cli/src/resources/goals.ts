/** What `wait --for` may wait for. */
export const goals = ['ready', 'running', 'connected', 'available', 'deleted'] as const;
export type Goal = (typeof goals)[number];
