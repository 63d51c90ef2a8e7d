import { EventSeverity } from '@flotilla/proto';
import type { NodeView } from '../domain/views.js';
import type { Note } from './decision.js';
import { planDrain, type DrainStep } from './drain.js';
import type { NodeAct, NodeFacts } from './node-facts.js';

/**
 * On a Node that we keep pods away from at an operator's wish: `flotilla` = the mark is ours to lift, `other` = somebody
 * else had cordoned it before.
 */
export const cordonKey = 'flotilla.dev/cordon';

export interface Scheduling {
  readonly acts: readonly NodeAct[];
  /** Wishes that were taken back with kubectl. */
  readonly yields: readonly ('cordon' | 'drain')[];
  readonly notes: readonly Note[];
  readonly drain: DrainStep | undefined;
}

const nothing: Scheduling = { acts: [], yields: [], notes: [], drain: undefined };

/**
 * Cordons, drains and uncordons a node that stays, as an operator wishes. Whoever uncordons with kubectl wins over a wish
 * given here; a cordon that we made is always lifted by us, one that others made never.
 */
export function planScheduling(view: NodeView, facts: NodeFacts): Scheduling {
  const { node } = view;
  const { kubernetes } = facts;
  if (kubernetes === undefined) return nothing;
  const mark = kubernetes.annotations[cordonKey];
  const wanted = node.cordon !== undefined || node.drain !== undefined;
  const { uid, unschedulable } = kubernetes;
  if (!wanted) {
    if (mark === undefined) return nothing;
    return { ...nothing, acts: [{ kind: 'uncordon', uid, lift: mark === 'flotilla' && unschedulable }] };
  }
  if (!unschedulable && mark !== undefined) return yielded(view, uid);
  if (mark === undefined) {
    return { ...nothing, acts: [{ kind: 'cordon', uid, mark: unschedulable ? 'other' : 'flotilla' }] };
  }
  if (node.drain === undefined) return nothing;
  const order = { ...node.drain, forceCommand: `flotilla drain ${node.name} --force` };
  const drain = planDrain(view, facts, kubernetes, order);
  return { ...nothing, acts: [drain.act], drain };
}

function yielded({ node }: NodeView, uid: string): Scheduling {
  const yields: ('cordon' | 'drain')[] = [];
  if (node.cordon !== undefined) yields.push('cordon');
  if (node.drain !== undefined) yields.push('drain');
  const message = `Somebody uncordoned the node with kubectl: the wish to ${yields.join(' and ')} it is taken back.`;
  const note = { severity: EventSeverity.NORMAL, category: 'Lifecycle', reason: 'UncordonedElsewhere', message };
  return { acts: [{ kind: 'uncordon', uid, lift: false }], yields, notes: [note], drain: undefined };
}
