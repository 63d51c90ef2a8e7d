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

/** The role a subject has somewhere, for what it may do there. */
export type ProjectRole = keyof typeof rank;

/** Whether a role in a project is enough for what is required there. Being instance administrator gives nothing here. */
export function mayActInProject(role: Role, required: ProjectRole): boolean {
  return rankOf(role) >= rank[required];
}

/** Whether a key may act in matters of the whole instance, such as the mirror; INSTANCE_ADMIN may everything there. */
export function mayActInInstance(role: Role, required: ProjectRole | 'INSTANCE_ADMIN'): boolean {
  if (role === Role.INSTANCE_ADMIN) return true;
  return required !== 'INSTANCE_ADMIN' && rankOf(role) >= rank[required];
}

/**
 * Whether somebody with `own` in a project may hand out `role` there: nobody gives more than they have. `keyRole` is the
 * role of the key itself, which alone may make another instance administrator.
 */
export function mayGrant(own: Role, keyRole: Role, role: Role): boolean {
  return role === Role.INSTANCE_ADMIN ? keyRole === Role.INSTANCE_ADMIN : rankOf(own) >= rankOf(role);
}

/** The subject of a key in the list of members of another project. */
export function subjectOf(key: { readonly id: string }): string {
  return `api-key:${key.id}`;
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
      return rank.ADMIN;
    // In projects it holds what it was given there as a member; what we do not know gives nothing.
    case Role.INSTANCE_ADMIN:
    case Role.UNSPECIFIED:
    case Role.UNRECOGNIZED:
      return 0;
  }
}
