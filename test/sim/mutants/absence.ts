import { health, healthUnit, type Mutant } from './mutant.js';

/** Our own absence, which is nobody else's silence. */
export const absenceMutants: readonly Mutant[] = [
  {
    id: 'silence-from-last-heard',
    bug: 'silence counts from the last heartbeat, also over our own absence',
    file: health('witness'),
    find: 'Math.max(live.lastHeardMs ?? live.watchedSinceMs, live.watchedSinceMs)',
    replace: 'live.lastHeardMs ?? 0',
    unit: healthUnit('witness'),
  },
  {
    id: 'grace-skipped',
    bug: 'no grace after our own start',
    file: health('witness'),
    find: 'Math.max(graceBeats * live.heartbeatIntervalMs, graceMsMin)',
    replace: '0',
    unit: healthUnit('witness'),
  },
  {
    id: 'grace-in-due',
    bug: 'the ladder does not wait for the grace',
    file: health('node-health'),
    find: 'return Math.max(Math.min(...ends), graceEndsAtMs(live));',
    replace: 'return Math.min(...ends);',
    unit: healthUnit('node-health'),
  },
  {
    id: 'own-stall-ignored',
    bug: 'our own stall counts as silence of others',
    file: health('witness'),
    find: 'silentSinceMs + live.deadlineMs + live.ownStallMs',
    replace: 'silentSinceMs + live.deadlineMs',
    unit: healthUnit('witness'),
  },
  {
    id: 'stall-of-lease-ignored',
    bug: 'our own stall makes Leases look stale',
    file: health('witness'),
    find: ' + leaseStaleMs + ownStallMs;',
    replace: ' + leaseStaleMs;',
    unit: healthUnit('witness'),
  },
  {
    id: 'lease-before-watch',
    bug: 'a Lease counts as late though we did not watch',
    file: health('witness'),
    find: 'Math.max(leaseSeenMs, knownSinceMs ?? leaseSeenMs)',
    replace: 'leaseSeenMs',
    unit: healthUnit('witness'),
  },
  {
    id: 'stall-not-measured',
    bug: 'our stalls are never noticed',
    file: health('stall-meter'),
    find: 'return nowMs - fromMs > toleratedMs ? { fromMs, untilMs: nowMs } : undefined;',
    replace: 'return nowMs < 0 ? { fromMs, untilMs: nowMs } : undefined;',
    unit: healthUnit('stall-meter'),
  },
  {
    id: 'return-grace-skipped',
    bug: 'no grace after everyone was silent',
    file: health('scopes'),
    find: 'now.wallMs - sinceMs < returnGraceMs',
    replace: 'now.wallMs - sinceMs < 0',
    unit: healthUnit('scopes'),
  },
];
