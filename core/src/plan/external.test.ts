import { ClusterState, ControlPlaneKind } from '@flotilla/proto';
import { expect, test } from 'vitest';
import type { ClusterRecord } from '../domain/records.js';
import { aClusterRecord, aProjectRecord } from '../testing/records.js';
import { planCluster, type ClusterFacts } from './cluster.js';
import type { ExternalFacts } from './external.js';

const base = aClusterRecord();
const imported: ClusterRecord = {
  ...base,
  spec: { ...base.spec, controlPlaneKind: ControlPlaneKind.EXTERNAL },
  status: {
    ...base.status,
    state: ClusterState.PENDING,
    endpoint: '',
    caCertHashes: [],
    initNodeId: '',
    provisionedAtMs: undefined,
  },
  access:
    base.access === undefined
      ? undefined
      : { ...base.access, clientCertificate: '', sealedKubeconfig: new Uint8Array([1]) },
};
const good: ExternalFacts = {
  missingRights: [],
  missing: [],
  endpoint: 'api.example.org:6443',
  caCertHashes: [`sha256:${'a'.repeat(64)}`],
  version: 'v1.33.1',
};
const known = { known: true, problem: '' };
const plan = (cluster: ClusterRecord, over: Partial<ClusterFacts>) => {
  const facts = { now: { wallMs: 5000, monotonicMs: 5000 }, link: undefined, addonProblem: '', addonsApplied: false };
  const view = { cluster, controlPlane: [], pools: [], nodesTotal: 0, nodesRunning: 0, project: aProjectRecord() };
  return planCluster(view, { ...facts, network: undefined, external: undefined, ...over });
};

test.each<[string, ClusterRecord, Partial<ClusterFacts>, string, string]>([
  [
    'without a kubeconfig',
    { ...imported, access: undefined },
    {},
    'KubeconfigMissing',
    'No kubeconfig was imported. Run: flotilla edit cluster prod',
  ],
  [
    'that does not answer',
    imported,
    { link: { known: false, problem: 'connection refused' } },
    'ApiServerUnknown',
    'The API server is not known to answer: connection refused.',
  ],
  ['that has not been asked', imported, { link: known }, 'Checking', 'What the kubeconfig may do is being checked.'],
  [
    'with few rights',
    imported,
    { link: known, external: { ...good, missingRights: ['a', 'b', 'c', 'd', 'e', 'f'] } },
    'RightsMissing',
    'The kubeconfig may not: a; b; c; d; e and 1 more. Grant that; it is looked at again by itself.',
  ],
  [
    'that nodes cannot join',
    imported,
    { link: known, external: { ...good, missing: [{ message: 'No cluster-info.', remedy: 'Make it.' }] } },
    'CannotJoin',
    'No cluster-info. Make it.',
  ],
  [
    'that is complete',
    imported,
    { link: known, external: good },
    'Provisioned',
    'The imported cluster (v1.33.1) answers, and nodes may join it.',
  ],
])('an imported cluster %s', (_what, cluster, facts, reason, message) => {
  const { status, makeKeys } = plan(cluster, facts);
  expect({ reason: status.reason, message: status.message, makeKeys }).toEqual({ reason, message, makeKeys: false });
  expect(status.provisionedAtMs).toBe(reason === 'Provisioned' ? 5000 : undefined);
});

test('nodes join where it says itself, unless the operator knows better', () => {
  expect(plan(imported, { link: known, external: good }).status).toMatchObject({
    endpoint: 'api.example.org:6443',
    caCertHashes: good.caCertHashes,
    missingRights: [],
  });
  const told = { ...imported, spec: { ...imported.spec, endpoint: 'vip.example.org' } };
  expect(plan(told, { link: known, external: good }).status.endpoint).toBe('vip.example.org:6443');
});

test('one that is provisioned stays so when rights are taken away, and says what is missing', () => {
  const { status } = plan(imported, { link: known, external: good });
  const before = { ...imported, status: { ...status, state: ClusterState.PROVISIONED } };
  const after = plan(before, { link: known, external: { ...good, missingRights: ['create secrets'] } });
  expect(after.status).toMatchObject({
    state: ClusterState.PROVISIONED,
    reason: 'RightsMissing',
    missingRights: ['create secrets'],
  });
  expect(after.notes.map((n) => n.reason)).toEqual(['RightsMissing']);
});
