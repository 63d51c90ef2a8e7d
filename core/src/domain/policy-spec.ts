import { formatDuration, type FieldViolation } from '@flotilla/kit';
import {
  HealthMode,
  HealthPolicy,
  NodePoolRole,
  UpdatePolicy,
  UpdateStrategy,
  type NodePoolSpec,
  type NodeTemplate,
} from '@flotilla/proto';
import { durationMs, durationOf, type DurationMessage } from './durations.js';
import { parseCountOrShare } from './update-policy.js';

const minute = 60_000;

/** Documented defaults of the times in a health policy, in ms. */
export const healthDefaultsMs = {
  nodeStartupTimeout: 10 * minute,
  readyFalseTimeout: 5 * minute,
  readyUnknownTimeout: 5 * minute,
  diskPressureTimeout: 10 * minute,
  readonlyFilesystemTimeout: 2 * minute,
  kubeletUnhealthyTimeout: minute,
  runtimeUnhealthyTimeout: minute,
  minHealthyTime: 2 * minute,
} as const satisfies Partial<Record<keyof HealthPolicy, number>>;

export const drainTimeoutDefaultMs = 60 * minute;

type TimedField = keyof typeof healthDefaultsMs;
const timedFields = Object.keys(healthDefaultsMs) as TimedField[]; // keys of the constant above

/** The policy with every default filled in; an empty maxUnhealthy stays empty, which means 20 %, at least 1. */
export function completeHealthPolicy(given: HealthPolicy | undefined): HealthPolicy {
  const policy = given ?? HealthPolicy.create();
  const times = Object.fromEntries(
    timedFields.map((field) => [field, policy[field] ?? durationOf(healthDefaultsMs[field])]),
  );
  return HealthPolicy.create({
    ...policy,
    ...times,
    mode: policy.mode || HealthMode.ENABLED,
    rebootAllowed: policy.rebootAllowed ?? true,
    replaceAllowed: policy.replaceAllowed ?? true,
  });
}

export function completeUpdatePolicy(given: UpdatePolicy | undefined): UpdatePolicy {
  const policy = given ?? UpdatePolicy.create();
  return UpdatePolicy.create({
    strategy: policy.strategy || UpdateStrategy.IN_PLACE,
    maxUnavailable: policy.maxUnavailable || '1',
    maxSurge: policy.maxSurge || '0',
  });
}

/** Everything that is wrong with how a pool is healed, updated and drained. */
export function policyViolations(spec: NodePoolSpec): FieldViolation[] {
  return [...healthViolations(spec.health), ...updateViolations(spec), ...drainViolations(spec.drainTimeout)];
}

function healthViolations(health: HealthPolicy | undefined): FieldViolation[] {
  if (health === undefined) return [];
  const at = 'spec.health';
  const violations = timedFields.flatMap((field) =>
    timeViolations(`${at}.${field}`, health[field], 5_000, 24 * 60 * minute),
  );
  const { maxUnhealthy } = health;
  if (maxUnhealthy !== '' && parseCountOrShare(maxUnhealthy) === undefined) {
    violations.push({ field: `${at}.maxUnhealthy`, description: countOrShare });
  }
  return violations;
}

const countOrShare = 'must be a count such as "2" or a share such as "20%", at most 9999 or 100%';

function updateViolations({ update, role, size }: NodePoolSpec): FieldViolation[] {
  if (update === undefined) return [];
  const at = 'spec.update';
  const violations: FieldViolation[] = [];
  const [unavailable, surge] = [parseCountOrShare(update.maxUnavailable), parseCountOrShare(update.maxSurge)];
  if (unavailable === undefined) violations.push({ field: `${at}.maxUnavailable`, description: countOrShare });
  if (surge === undefined) violations.push({ field: `${at}.maxSurge`, description: countOrShare });
  const isZero = (value: typeof surge): boolean => value !== undefined && Object.values(value).every((v) => v === 0);
  if (isZero(unavailable) && isZero(surge)) {
    violations.push({
      field: `${at}.maxUnavailable`,
      description: 'must not be 0 while maxSurge is 0: nothing could move',
    });
  }
  if (update.strategy === UpdateStrategy.IN_PLACE && isZero(unavailable)) {
    violations.push({
      field: `${at}.maxUnavailable`,
      description: 'must be at least 1 for IN_PLACE, which takes no spare',
    });
  }
  if (update.strategy === UpdateStrategy.IN_PLACE) return violations;
  if (role === NodePoolRole.CONTROL_PLANE) {
    violations.push({ field: `${at}.strategy`, description: 'of a control plane must be IN_PLACE' });
  } else if (size === undefined) {
    const description = 'must be IN_PLACE for a pool without size, which takes no spares; or give the pool a size';
    violations.push({ field: `${at}.strategy`, description });
  }
  return violations;
}

const drainViolations = (timeout: DurationMessage | undefined): FieldViolation[] =>
  timeViolations('spec.drainTimeout', timeout, 0, 7 * 24 * 60 * minute);

function timeViolations(
  field: string,
  time: DurationMessage | undefined,
  leastMs: number,
  mostMs: number,
): FieldViolation[] {
  if (time === undefined) return [];
  const ms = durationMs(time, 0);
  if (ms >= leastMs && ms <= mostMs) return [];
  return [{ field, description: `must be ${formatDuration(leastMs)} to ${formatDuration(mostMs)}` }];
}

const resources = ['cpu', 'memory', 'ephemeral-storage', 'pid'];
const signals = [
  'memory.available',
  'nodefs.available',
  'nodefs.inodesFree',
  'imagefs.available',
  'imagefs.inodesFree',
  'containerfs.available',
  'containerfs.inodesFree',
  'pid.available',
];
const quantity = /^\d{1,15}(\.\d{1,9})?(m|k|[MGTPE]|[KMGTPE]i)?$/;
const share = /^\d{1,2}(\.\d{1,2})?%$/;

/** Everything that is wrong with the kubelet settings of a template, in the words of Kubernetes' own fields. */
export function kubeletViolations(template: NodeTemplate): FieldViolation[] {
  const at = 'spec.template';
  const check = (
    name: 'systemReserved' | 'kubeReserved' | 'evictionHard',
    known: readonly string[],
    isValue: (text: string) => boolean,
    valueRule: string,
  ): FieldViolation[] =>
    Object.entries(template[name]).flatMap(([key, value]): FieldViolation[] => {
      const field = `${at}.${name}[${JSON.stringify(key)}]`;
      if (!known.includes(key)) return [{ field, description: `is not one of ${known.join(', ')}` }];
      return isValue(value) ? [] : [{ field, description: valueRule }];
    });
  const isQuantity = (text: string): boolean => quantity.test(text);
  const isThreshold = (text: string): boolean => isQuantity(text) || share.test(text);
  const quantityRule = 'must be a quantity such as 200Mi or 500m';
  return [
    ...check('systemReserved', resources, isQuantity, quantityRule),
    ...check('kubeReserved', resources, isQuantity, quantityRule),
    ...check('evictionHard', signals, isThreshold, 'must be a quantity such as 200Mi or a share such as 10%'),
  ];
}
