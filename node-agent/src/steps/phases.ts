/** The numbered phases of joining, in the order and words of the product page. */
export const joinPhases = [
  'enroll',
  'assign',
  'preflight',
  'prepare-host',
  'install-runtime',
  'install-kubernetes',
  'load-images',
  'bootstrap',
  'register',
  'network-ready',
  'ready',
] as const;

/** `bootstrap` is shown as init or join; the others are shown as they are called. */
export type Phase = (typeof joinPhases)[number] | 'leave' | 'maintenance';

export const phasesTotal = joinPhases.length;

/** 1-based; 0 for what is no part of joining. */
export function phaseIndex(phase: Phase): number {
  return joinPhases.findIndex((candidate) => candidate === phase) + 1;
}
