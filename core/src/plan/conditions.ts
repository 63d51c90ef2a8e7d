import { ConditionStatus, type Condition } from '@flotilla/proto';

export interface ConditionFact {
  readonly type: string;
  /** undefined = unknown. */
  readonly holds: boolean | undefined;
  readonly reason: string;
  readonly message: string;
}

/** The conditions with these facts put in; a transition time moves only when the status does. */
export function withConditions(
  previous: readonly Condition[],
  facts: readonly ConditionFact[],
  wallMs: number,
): Condition[] {
  const replaced = new Set(facts.map((f) => f.type));
  const updated = facts.map((fact): Condition => {
    const before = previous.find((c) => c.type === fact.type);
    const status =
      fact.holds === undefined ? ConditionStatus.UNKNOWN : fact.holds ? ConditionStatus.TRUE : ConditionStatus.FALSE;
    const lastTransitionTime = before?.status === status ? before.lastTransitionTime : new Date(wallMs);
    return { type: fact.type, status, reason: fact.reason, message: fact.message, lastTransitionTime };
  });
  return [...previous.filter((c) => !replaced.has(c.type)), ...updated].sort((a, b) => (a.type < b.type ? -1 : 1));
}
