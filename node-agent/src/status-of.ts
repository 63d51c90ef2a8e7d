import { hostname } from 'node:os';
import { MachineRole, type MachineTarget } from '@flotilla/proto';
import type { Instant } from '@flotilla/kit';
import { agentVersion } from './config.js';
import { phaseIndex, phasesTotal } from './steps/phases.js';
import type { PhaseView } from './work/board.js';
import type { AgentStatus, PhaseStatus } from './observe/status-file.js';

export interface StatusInput {
  readonly pid: number;
  readonly startedMs: number;
  readonly nowMs: number;
  readonly server: string;
  readonly machine:
    | { readonly machineId: string; readonly machineName: string; readonly project: string; readonly pool: string }
    | undefined;
  readonly link: { readonly state: string; readonly reason: string };
  readonly lastAck: Instant | undefined;
  readonly target: MachineTarget | undefined;
  readonly board: { readonly phases: readonly PhaseView[] };
  readonly worker: { readonly converged: boolean };
}

const roles: Readonly<Partial<Record<MachineRole, AgentStatus['role']>>> = {
  [MachineRole.WORKER]: 'worker',
  [MachineRole.CONTROL_PLANE]: 'control-plane',
};

/** What `flotilla-agent status` reads. */
export function statusOf(input: StatusInput): AgentStatus {
  const { machine, target, link, lastAck } = input;
  return {
    schema: 1,
    version: agentVersion,
    pid: input.pid,
    writtenMs: input.nowMs,
    startedMs: input.startedMs,
    server: input.server,
    host: hostname(),
    ...(machine === undefined
      ? {}
      : { machine: { id: machine.machineId, name: machine.machineName, project: machine.project } }),
    role: target === undefined ? 'none' : (roles[target.role] ?? 'none'),
    cluster: target?.cluster?.name ?? '',
    pool: target?.poolName ?? '',
    wantedPool: machine?.pool ?? '',
    kubernetesVersion: target?.kubernetesVersion ?? '',
    link: { state: link.state, reason: link.reason, ...(lastAck === undefined ? {} : { lastAckMs: lastAck.wallMs }) },
    converged: input.worker.converged,
    phases: input.board.phases.map(toPhaseStatus),
  };
}

export function toPhaseStatus(view: PhaseView): PhaseStatus {
  return {
    phase: view.label,
    step: view.step,
    state: view.state,
    index: phaseIndex(view.phase),
    total: phasesTotal,
    ...(view.startMs === undefined ? {} : { startMs: view.startMs }),
    ...(view.endMs === undefined ? {} : { endMs: view.endMs }),
    attempt: view.attempt,
    progress: view.progress,
    ...(view.retryMs === undefined ? {} : { retryMs: view.retryMs }),
    problems: view.problems.map(({ code, message, remedy }) => ({ code, message, remedy })),
  };
}
