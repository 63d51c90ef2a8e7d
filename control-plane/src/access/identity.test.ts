import { Role } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { kubernetesRole, mayActInInstance, mayActInProject, mayGrant } from './identity.js';

const ladder = ['READER', 'MEMBER', 'ADMIN'] as const;

describe('roles', () => {
  it.each([
    [Role.READER, [true, false, false]],
    [Role.MEMBER, [true, true, false]],
    [Role.ADMIN, [true, true, true]],
    // Creates projects, and holds no role in them by itself.
    [Role.INSTANCE_ADMIN, [false, false, false]],
    [Role.UNSPECIFIED, [false, false, false]],
    [Role.UNRECOGNIZED, [false, false, false]],
  ])('%s may act in its project as reader, member, admin: %j', (role, may) => {
    expect(ladder.map((required) => mayActInProject(role, required))).toEqual(may);
  });

  it.each([
    [Role.READER, [true, false, false, false]],
    [Role.ADMIN, [true, true, true, false]],
    [Role.INSTANCE_ADMIN, [true, true, true, true]],
    [Role.UNRECOGNIZED, [false, false, false, false]],
  ])('%s may act for the instance as reader, member, admin, instance admin: %j', (role, may) => {
    expect([...ladder, 'INSTANCE_ADMIN' as const].map((required) => mayActInInstance(role, required))).toEqual(may);
  });

  it('are handed on at most', () => {
    expect(mayGrant(Role.ADMIN, Role.ADMIN, Role.ADMIN)).toBe(true);
    expect(mayGrant(Role.MEMBER, Role.MEMBER, Role.ADMIN)).toBe(false);
    expect(mayGrant(Role.ADMIN, Role.ADMIN, Role.INSTANCE_ADMIN)).toBe(false);
    expect(mayGrant(Role.ADMIN, Role.INSTANCE_ADMIN, Role.INSTANCE_ADMIN)).toBe(true);
    // An admin elsewhere is no admin here.
    expect(mayGrant(Role.READER, Role.ADMIN, Role.MEMBER)).toBe(false);
  });

  it('have a name in Kubernetes', () => {
    expect([Role.READER, Role.MEMBER, Role.ADMIN, Role.UNRECOGNIZED].map(kubernetesRole)).toEqual([
      'reader',
      'member',
      'admin',
      'reader',
    ]);
  });
});
