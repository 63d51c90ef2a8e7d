import { MachineState } from '@flotilla/proto';
import type { MachineView } from '../domain/views.js';
import type { KubernetesNodeFacts, NodeAct } from './node-facts.js';
import { cordonKey } from './scheduling.js';

/**
 * A Node object that carries the provider id of a machine which is no member of that cluster any more: what is left when
 * a host that was given up comes back. Pods are kept away from it at once; it is deleted when nothing of Kubernetes runs
 * on the host, which the agent proves, or when the machine is retired and can prove nothing any more.
 */
export function planStray({ machine }: MachineView, stray: KubernetesNodeFacts): NodeAct | undefined {
  const { observed } = machine;
  const proven = observed?.isolated === true || (observed?.clean === true && observed.membership === undefined);
  if (proven || machine.status.state === MachineState.RETIRED) return { kind: 'delete-node', uid: stray.uid };
  const cordoned = stray.unschedulable && stray.annotations[cordonKey] !== undefined;
  return cordoned ? undefined : { kind: 'cordon', uid: stray.uid, mark: 'flotilla' };
}
