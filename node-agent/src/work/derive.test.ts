import { Bootstrap, MachineRole } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import type { MembershipRecord } from '../steps/step.js';
import { deriveSteps, leaveSteps } from './derive.js';
import { aCluster, aTarget } from './fake-world.js';

const member: MembershipRecord = {
  state: 'joined',
  clusterId: 'clu_1',
  nodeId: 'nod_1',
  nodeName: 'edge-7',
  role: 'worker',
};
const world = { membership: undefined, changesStanding: 0, installedVersion: undefined, isolated: false };

describe('what is to be done', () => {
  it('a clean spare: nothing', () => {
    expect(deriveSteps({ ...world, target: aTarget({ role: MachineRole.NONE }) })).toEqual([]);
  });

  it('a spare with something of ours on it, joined or not: leave', () => {
    expect(deriveSteps({ ...world, changesStanding: 1, target: aTarget({ role: MachineRole.NONE }) })).toEqual(
      leaveSteps,
    );
    expect(deriveSteps({ ...world, membership: member, target: aTarget({ role: MachineRole.NONE }) })).toEqual(
      leaveSteps,
    );
  });

  it('a worker: preflight first, join last', () => {
    const steps = deriveSteps({ ...world, target: aTarget() });
    expect([steps[0], steps.at(-1)]).toEqual(['preflight', 'kubeadm-join']);
  });

  it('the first control plane: init, then the certificate for the control plane', () => {
    const target = aTarget({ role: MachineRole.CONTROL_PLANE });
    const init = { ...target, cluster: { ...aCluster(), bootstrap: Bootstrap.INIT } };
    expect(deriveSteps({ ...world, target: init }).slice(-2)).toEqual(['kubeadm-init', 'sign-client']);
    expect(deriveSteps({ ...world, target }).slice(-2)).toEqual(['kubeadm-join', 'sign-client']);
  });

  it('a join that has begun is not preflighted again: its own files would be in the way', () => {
    const steps = deriveSteps({ ...world, membership: { ...member, state: 'begun' }, target: aTarget() });
    expect(steps).not.toContain('preflight');
  });

  it.each([
    ['cluster', { ...member, clusterId: 'clu_0' }],
    ['membership', { ...member, nodeId: 'nod_0' }],
    ['name', { ...member, nodeName: 'other' }],
    ['role', { ...member, role: 'control-plane' as const }],
  ])('a host that belongs to another %s leaves first', (_name, membership) => {
    expect(deriveSteps({ ...world, membership, target: aTarget() })).toEqual(leaveSteps);
  });

  it('a joined node of another version is left as it is', () => {
    expect(deriveSteps({ ...world, membership: member, installedVersion: 'v1.33.9', target: aTarget() })).toEqual([
      'refuse-version-change',
    ]);
  });
});
