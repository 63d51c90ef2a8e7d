import { HealthMode, type HealthPolicy, type NodePoolSpec } from '@flotilla/proto';

/** A pool's health policy with every default filled in; times in milliseconds. */
export interface HealthRules {
  readonly mode: HealthMode.ENABLED | HealthMode.OBSERVE | HealthMode.DISABLED;
  readonly startupTimeoutMs: number;
  readonly readyFalseTimeoutMs: number;
  readonly readyUnknownTimeoutMs: number;
  readonly diskPressureTimeoutMs: number;
  readonly readonlyFilesystemTimeoutMs: number;
  readonly kubeletUnhealthyTimeoutMs: number;
  readonly runtimeUnhealthyTimeoutMs: number;
  /** As written; see {@link unhealthyLimit}. */
  readonly maxUnhealthy: string;
  readonly rebootAllowed: boolean;
  readonly replaceAllowed: boolean;
  readonly minHealthyMs: number;
  /** Nodes that we may put out of service at once. */
  readonly maxUnavailable: string;
}

const minuteMs = 60_000;
export const minHealthyMsDefault = 2 * minuteMs;

/** What a pool says of its health; source of the defaults: the HealthPolicy message. */
export function rulesOf({ health, update }: Pick<NodePoolSpec, 'health' | 'update'>): HealthRules {
  return {
    mode: modeOf(health?.mode),
    startupTimeoutMs: msOf(health?.nodeStartupTimeout, 10 * minuteMs),
    readyFalseTimeoutMs: msOf(health?.readyFalseTimeout, 5 * minuteMs),
    readyUnknownTimeoutMs: msOf(health?.readyUnknownTimeout, 5 * minuteMs),
    diskPressureTimeoutMs: msOf(health?.diskPressureTimeout, 10 * minuteMs),
    readonlyFilesystemTimeoutMs: msOf(health?.readonlyFilesystemTimeout, 2 * minuteMs),
    kubeletUnhealthyTimeoutMs: msOf(health?.kubeletUnhealthyTimeout, minuteMs),
    runtimeUnhealthyTimeoutMs: msOf(health?.runtimeUnhealthyTimeout, minuteMs),
    maxUnhealthy: health?.maxUnhealthy ?? '',
    rebootAllowed: health?.rebootAllowed ?? true,
    replaceAllowed: health?.replaceAllowed ?? true,
    minHealthyMs: msOf(health?.minHealthyTime, minHealthyMsDefault),
    maxUnavailable: update?.maxUnavailable ?? '',
  };
}

/** A mode we do not know is one that asks for something we cannot do: only look. */
function modeOf(mode: HealthMode | undefined): HealthRules['mode'] {
  if (mode === undefined || mode === HealthMode.UNSPECIFIED) return HealthMode.ENABLED;
  return mode === HealthMode.ENABLED || mode === HealthMode.DISABLED ? mode : HealthMode.OBSERVE;
}

function msOf(duration: HealthPolicy['minHealthyTime'], defaultMs: number): number {
  if (duration === undefined) return defaultMs;
  const ms = Number(duration.seconds) * 1000 + Math.floor(duration.nanos / 1_000_000);
  return ms > 0 ? ms : defaultMs;
}

/**
 * How many of `total` nodes may be unhealthy at once (decision 2). Shares round down; the floor of 1 belongs to the default
 * alone. Text that is neither a count nor a share holds always.
 */
export function unhealthyLimit(maxUnhealthy: string, total: number): number {
  return maxUnhealthy === '' ? Math.max(1, shareOf(20, total)) : (countOrShare(maxUnhealthy, total) ?? 0);
}

/** How many nodes of a pool of `total` may be out of service at once because of us: at least one. */
export function disruptionBudget(maxUnavailable: string, total: number): number {
  return Math.max(1, maxUnavailable === '' ? 1 : (countOrShare(maxUnavailable, total) ?? 1));
}

/** `2` or `20%`, in integers; undefined when it is neither. */
function countOrShare(text: string, total: number): number | undefined {
  const match = /^(\d{1,6})(%?)$/.exec(text);
  if (match === null) return undefined;
  const number = Number(match[1]);
  return match[2] === '%' ? shareOf(number, total) : number;
}

export const shareOf = (percent: number, total: number): number => Math.floor((percent * total) / 100);
