import { NodePoolRole, UpdateStrategy, type NodePoolSpec } from '@flotilla/proto';

/** A count (`2`) or a share (`20%`); undefined when the text is neither. */
export function parseCountOrShare(text: string): { readonly count: number } | { readonly percent: number } | undefined {
  const match = /^(\d{1,4})(%?)$/.exec(text);
  if (match === null) return undefined;
  const number = Number(match[1]);
  if (match[2] !== '%') return { count: number };
  return number <= 100 ? { percent: number } : undefined;
}

export interface UpdateRules {
  readonly strategy: UpdateStrategy;
  /** Nodes that may be out of service at once because of us. */
  readonly maxUnavailable: number;
  /** Machines that may be taken in addition while nodes are replaced. */
  readonly maxSurge: number;
}

/**
 * How a pool of so many nodes is updated. Shares of maxUnavailable round down, to at least 1 unless there is a surge;
 * shares of maxSurge round up. A control plane is updated in place, one member at a time.
 */
export function updateRules(spec: NodePoolSpec, nodes: number): UpdateRules {
  const { strategy = UpdateStrategy.IN_PLACE, maxUnavailable = '', maxSurge = '' } = spec.update ?? {};
  if (spec.role === NodePoolRole.CONTROL_PLANE) {
    return { strategy: UpdateStrategy.IN_PLACE, maxUnavailable: 1, maxSurge: 0 };
  }
  const surge = absolute(maxSurge === '' ? '0' : maxSurge, nodes, Math.ceil);
  const unavailable = absolute(maxUnavailable === '' ? '1' : maxUnavailable, nodes, Math.floor);
  return {
    strategy: strategy === UpdateStrategy.UNSPECIFIED ? UpdateStrategy.IN_PLACE : strategy,
    maxUnavailable: surge > 0 ? unavailable : Math.max(1, unavailable),
    maxSurge: surge,
  };
}

function absolute(text: string, nodes: number, round: (share: number) => number): number {
  const parsed = parseCountOrShare(text);
  if (parsed === undefined) return 0;
  return 'count' in parsed ? parsed.count : round((nodes * parsed.percent) / 100);
}
