import {
  ArtifactState,
  Availability,
  ClusterState,
  EnrollmentTokenState,
  MachineState,
  NodePoolState,
  NodeState,
  ProjectState,
  Role,
  SessionState,
} from '@flotilla/proto';
import type { Tone } from './paint.js';

/** `SCALING_UP` → `Scaling up`; the one status with a bracket as product people write it. */
function toWords(constant: string | undefined): string {
  if (constant === undefined || constant === 'UNSPECIFIED' || constant === 'UNRECOGNIZED') return 'Unknown';
  if (constant === 'RUNNING_SCHEDULING_DISABLED') return 'Running (Scheduling Disabled)';
  const words = constant.replaceAll('_', ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const clusterStateText = (state: ClusterState): string => toWords(ClusterState[state]);
export const poolStateText = (state: NodePoolState): string => toWords(NodePoolState[state]);
export const nodeStateText = (state: NodeState): string => toWords(NodeState[state]);
export const machineStateText = (state: MachineState): string => toWords(MachineState[state]);
export const sessionStateText = (state: SessionState): string => toWords(SessionState[state]);
export const tokenStateText = (state: EnrollmentTokenState): string => toWords(EnrollmentTokenState[state]);
export const artifactStateText = (state: ArtifactState): string => toWords(ArtifactState[state]).toLowerCase();
export const availabilityText = (kind: Availability): string => toWords(Availability[kind]);
export const projectStateText = (state: ProjectState): string => toWords(ProjectState[state]);
export const roleText = (role: Role): string => toWords(Role[role]);

/** `ManagementLost` → `management lost`. */
export function fromUpperCamel(code: string): string {
  return code.replace(/(?<=[a-z0-9])(?=[A-Z])/g, ' ').toLowerCase();
}

const tones: Readonly<Record<string, Tone>> = {
  Running: 'good',
  Provisioned: 'good',
  Available: 'good',
  'In use': 'good',
  Active: 'good',
  Failed: 'bad',
  Quarantined: 'bad',
  Revoked: 'dim',
  Expired: 'dim',
  Spent: 'dim',
  Retired: 'dim',
  Deleted: 'dim',
};

/** Colour of a displayed status; whatever is on its way is `busy`. */
export function stateTone(text: string): Tone {
  return tones[text] ?? 'busy';
}
