import { HealthMode, type HealthPolicy, type NodePoolSpec, UpdateStrategy } from '@flotilla/proto';
import { durationText } from '../manifest/form.js';

const strategies: Readonly<Record<UpdateStrategy, string>> = {
  [UpdateStrategy.UNSPECIFIED]: 'in place',
  [UpdateStrategy.UNRECOGNIZED]: 'by a strategy that this command does not know',
  [UpdateStrategy.IN_PLACE]: 'in place',
  [UpdateStrategy.REPLACE]: 'by replacing',
  [UpdateStrategy.IN_PLACE_ELSE_REPLACE]: 'in place, else by replacing',
};

/** How nodes are healed, in one sentence; defaults are said, too. */
export function healthText(policy: HealthPolicy | undefined): string {
  if (policy?.mode === HealthMode.DISABLED) return 'disabled: nothing is repaired';
  const mode = policy?.mode === HealthMode.OBSERVE ? 'observe: says what it would do, and does nothing' : 'enabled';
  const share = policy === undefined || policy.maxUnhealthy === '' ? '20 % (at least 1)' : policy.maxUnhealthy;
  const not = [
    ...(policy?.rebootAllowed === false ? ['no reboot'] : []),
    ...(policy?.replaceAllowed === false ? ['no replacement'] : []),
  ];
  return [`${mode}, holds above ${share} unhealthy`, ...not].join(', ');
}

/** How a new revision and a leaving node are handled. */
export function updateText(spec: NodePoolSpec | undefined): string {
  const update = spec?.update;
  const unavailable = update === undefined || update.maxUnavailable === '' ? '1' : update.maxUnavailable;
  const surge = update === undefined || update.maxSurge === '' ? '0' : update.maxSurge;
  const { seconds = 3600n } = spec?.drainTimeout ?? {};
  return `${strategies[update?.strategy ?? UpdateStrategy.UNSPECIFIED]}, at most ${unavailable} unavailable, surge ${surge}, pods have ${String(durationText({ seconds: String(seconds) }))} to leave`;
}
