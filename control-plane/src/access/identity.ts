import { Role } from '@flotilla/proto';

/** Who calls. */
export type Identity = Anonymous | ApiKeyIdentity | MachineIdentity;

export interface Anonymous {
  readonly kind: 'anonymous';
}

export interface ApiKeyIdentity {
  readonly kind: 'api-key';
  readonly id: string;
  readonly name: string;
  /** The one project the key is for. */
  readonly projectId: string;
  readonly role: Role;
}

export interface MachineIdentity {
  readonly kind: 'machine';
  readonly machineId: string;
  readonly projectId: string;
  readonly certificate: Buffer;
  readonly serial: string;
  readonly state: 'valid' | 'revoked' | 'expired';
}

/** The name in logs and in the audit log. */
export function actorOf(identity: Identity): string {
  switch (identity.kind) {
    case 'anonymous':
      return 'anonymous';
    case 'api-key':
      return `api-key:${identity.name}`;
    case 'machine':
      return `machine:${identity.machineId}`;
  }
}

const rank = { READER: 1, MEMBER: 2, ADMIN: 3 } as const;

/**
 * Whether the key may act with `required` in a project; without one, in matters of the whole instance. An instance
 * administrator has no role in projects, except in the one its key was made for.
 */
export function mayAct(key: ApiKeyIdentity, required: keyof typeof rank, projectId: string | undefined): boolean {
  if (projectId !== undefined && projectId !== key.projectId) return false;
  return rankOf(key.role) >= rank[required];
}

/** Whether the key may hand out `role`: nobody gives more than they have. */
export function mayGrant(key: ApiKeyIdentity, role: Role): boolean {
  return role === Role.INSTANCE_ADMIN ? key.role === Role.INSTANCE_ADMIN : rankOf(key.role) >= rankOf(role);
}

/** The role in Kubernetes groups: `flotilla:<project>:<role>`. */
export function kubernetesRole(role: Role): 'admin' | 'member' | 'reader' {
  const has = rankOf(role);
  if (has >= rank.ADMIN) return 'admin';
  return has >= rank.MEMBER ? 'member' : 'reader';
}

function rankOf(role: Role): number {
  switch (role) {
    case Role.READER:
      return rank.READER;
    case Role.MEMBER:
      return rank.MEMBER;
    case Role.ADMIN:
    case Role.INSTANCE_ADMIN:
      return rank.ADMIN;
    // What we do not know gives nothing.
    case Role.UNSPECIFIED:
    case Role.UNRECOGNIZED:
      return 0;
  }
}
