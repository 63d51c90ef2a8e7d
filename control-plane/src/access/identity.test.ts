import { Role } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { kubernetesRole, mayAct, mayGrant, type ApiKeyIdentity } from './identity.js';

const key = (role: Role): ApiKeyIdentity => ({ kind: 'api-key', id: 'key_a', name: 'a', projectId: 'prj_a', role });

describe('roles', () => {
  it.each([
    [Role.READER, [true, false, false]],
    [Role.MEMBER, [true, true, false]],
    [Role.ADMIN, [true, true, true]],
    [Role.INSTANCE_ADMIN, [true, true, true]],
    [Role.UNSPECIFIED, [false, false, false]],
    [Role.UNRECOGNIZED, [false, false, false]],
  ])('%s may act as reader, member, admin: %j', (role, may) => {
    expect((['READER', 'MEMBER', 'ADMIN'] as const).map((required) => mayAct(key(role), required, 'prj_a'))).toEqual(
      may,
    );
  });

  it('end at the border of the project, for everybody', () => {
    for (const role of [Role.READER, Role.ADMIN, Role.INSTANCE_ADMIN])
      expect(mayAct(key(role), 'READER', 'prj_b')).toBe(false);
  });

  it('are handed on at most', () => {
    expect(mayGrant(key(Role.ADMIN), Role.ADMIN)).toBe(true);
    expect(mayGrant(key(Role.MEMBER), Role.ADMIN)).toBe(false);
    expect(mayGrant(key(Role.ADMIN), Role.INSTANCE_ADMIN)).toBe(false);
    expect(mayGrant(key(Role.INSTANCE_ADMIN), Role.INSTANCE_ADMIN)).toBe(true);
  });

  it('have a name in Kubernetes', () => {
    expect([Role.READER, Role.MEMBER, Role.ADMIN, Role.INSTANCE_ADMIN, Role.UNRECOGNIZED].map(kubernetesRole)).toEqual([
      'reader',
      'member',
      'admin',
      'admin',
      'reader',
    ]);
  });
});
