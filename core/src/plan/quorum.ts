import type { ControlPlaneSeat } from '../domain/views.js';

/**
 * Why a member of the control plane may not leave now, with the numbers; undefined = quorum stays. What is left must keep
 * a majority running: n running of the rest >= floor(rest / 2) + 1. One leaves at a time.
 */
export function quorumProblem(seats: readonly ControlPlaneSeat[], nodeId: string): string | undefined {
  const seat = seats.find((s) => s.nodeId === nodeId);
  if (seat?.joined !== true) return undefined;
  const rest = seats.filter((s) => s.joined && s.nodeId !== nodeId);
  if (rest.length === 0) return `${seat.name} is the only member of the control plane that has joined`;
  const running = rest.filter((s) => s.running).length;
  const needed = Math.floor(rest.length / 2) + 1;
  if (running < needed) {
    return `without ${seat.name} the control plane would have ${running} of ${rest.length} members running and needs ${needed}`;
  }
  const first = seats.find((s) => s.joined && s.removing);
  if (
    first !== undefined &&
    first.nodeId !== nodeId &&
    !(seat.removing && seats.indexOf(seat) < seats.indexOf(first))
  ) {
    return `${first.name} leaves the control plane first: one at a time`;
  }
  return undefined;
}
