import type { MachineTarget, Problem } from '@flotilla/proto';
import type { HostChanges } from '../../host/changes.js';
import type { Host } from '../../host/host.js';
import type { Artifacts } from '../install/artifacts.js';
import type { HostFacts } from '../step.js';

/** What a check looks at. `target` is undefined for a spare that is only being examined. */
export interface CheckContext {
  readonly host: Host;
  readonly facts: HostFacts;
  readonly target: MachineTarget | undefined;
  readonly controlPlane: boolean;
  readonly clockSkewMs: number | undefined;
  readonly artifacts: Artifacts | undefined;
  readonly changes: Pick<HostChanges, 'owns' | 'standing' | 'claims'>;
  readonly joined: boolean;
}

/** `warnings` are shown and do not hold anything up. */
export interface Findings {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** One named question about the host; the name is what an operator may skip. */
export interface PreflightCheck {
  readonly name: string;
  run(context: CheckContext): Promise<Findings>;
}

export const fine: Findings = { problems: [], warnings: [] };

export function problem(code: string, message: string, remedy: string): Findings {
  return { problems: [{ code, message, remedy }], warnings: [] };
}

export function warning(code: string, message: string, remedy: string): Findings {
  return { problems: [], warnings: [{ code, message, remedy }] };
}

export function together(findings: readonly Findings[]): Findings {
  return {
    problems: findings.flatMap(({ problems }) => problems),
    warnings: findings.flatMap(({ warnings }) => warnings),
  };
}
