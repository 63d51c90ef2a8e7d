import { Availability, NodePoolRole } from '@flotilla/proto';
import { expect, test } from 'vitest';
import { aCandidate, aClusterRecord, aMember, aPoolRecord, aPoolView, aSeat } from '../testing/records.js';
import { planPool } from './pool.js';

const promising = (availability: Availability) => {
  const cluster = aClusterRecord();
  return { ...cluster, spec: { ...cluster.spec, availability, endpoint: 'api.example.org' } };
};
const at = (zone: string) => ({ provider: 'p', region: 'r', zone });
const outcome = (view: Parameters<typeof aPoolView>[0]) => {
  const { claims, status } = planPool(aPoolView(view));
  return [claims.map((c) => c.machineId), status.mismatches.map((m) => [m.machineId, ...m.reasons])];
};

test('REGIONAL spreads its control plane: no zone may take the quorum with it', () => {
  const pool = aPoolRecord({ role: NodePoolRole.CONTROL_PLANE, size: 3 });
  const candidates = [aCandidate('mch_1', at('a')), aCandidate('mch_2', at('a')), aCandidate('mch_3', at('b'))];
  const cluster = promising(Availability.REGIONAL);
  expect(outcome({ pool, cluster, candidates: [...candidates, aCandidate('mch_4')] })).toEqual([
    ['mch_1', 'mch_3'],
    [
      ['mch_2', 'zone p/r/a has 1 of 3 control-plane members already, and REGIONAL outlives the loss of any zone'],
      ['mch_4', 'its zone is not known, which REGIONAL needs; say where it stands: flotilla edit machine mch_4'],
    ],
  ]);
});

test('a member that is to be replaced leaves its zone to the next', () => {
  const pool = aPoolRecord({ role: NodePoolRole.CONTROL_PLANE, size: 3 });
  const members = ['1', '2', '3'].map((n) => aMember(`nod_${n}`, { role: NodePoolRole.CONTROL_PLANE }));
  const controlPlane = ['1', '2', '3'].map((n) => aSeat(`nod_${n}`, at(`z${n}`)));
  const marked = members.map((m) => (m.nodeId === 'nod_2' ? { ...m, replace: 'OperatorReplaced' as const } : m));
  const cluster = promising(Availability.REGIONAL);
  const candidates = [aCandidate('mch_8', at('z1')), aCandidate('mch_9', at('z2'))];
  expect(outcome({ pool, cluster, members: marked, controlPlane, candidates })[0]).toEqual(['mch_9']);
});

test('SINGLE_ZONE keeps everything in the zone of the control plane', () => {
  const pool = aPoolRecord({ size: 2 });
  const controlPlane = [aSeat('nod_cp', at('a'))];
  const candidates = [aCandidate('mch_1', at('b')), aCandidate('mch_2', at('a')), aCandidate('mch_3')];
  expect(outcome({ pool, cluster: promising(Availability.SINGLE_ZONE), controlPlane, candidates })).toEqual([
    ['mch_2'],
    [
      ['mch_1', 'it stands in zone p/r/b, not in p/r/a, and the cluster promises SINGLE_ZONE'],
      ['mch_3', 'its zone is not known, not in p/r/a, and the cluster promises SINGLE_ZONE'],
    ],
  ]);
});

test('MULTI_ZONE takes machines wherever they stand', () => {
  const candidates = [aCandidate('mch_1', at('b')), aCandidate('mch_2')];
  const pool = aPoolRecord({ size: 2 });
  expect(outcome({ pool, cluster: promising(Availability.MULTI_ZONE), candidates })[0]).toEqual(['mch_1', 'mch_2']);
});
