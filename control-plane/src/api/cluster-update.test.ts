import { Availability, ClusterSpec, Cni, ControlPlaneKind } from '@flotilla/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOperator, type Operator } from '../testing/operator.js';
import { refusal } from '../testing/refusal.js';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let operator: Operator;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  await operator.clusters.createCluster({ name: 'demo', labels: { team: 'web' } });
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

const spec = (over: Partial<ClusterSpec>): ClusterSpec => ClusterSpec.create(over);

describe('an update of a cluster', () => {
  it('changes labels and what is mutable, and says what', async () => {
    const { cluster, revision } = await operator.clusters.updateCluster({
      cluster: 'demo',
      labels: { team: 'shop' },
      spec: spec({ availability: Availability.SINGLE_ZONE }),
    });
    expect(cluster).toMatchObject({
      meta: { labels: { team: 'shop' } },
      spec: { availability: Availability.SINGLE_ZONE, cni: Cni.FLANNEL, podCidr: '10.244.0.0/16' },
    });
    const { events } = await operator.events.listEvents({ resourceKind: 'cluster', resource: 'demo' });
    expect(events[0]).toMatchObject({ revision, reason: 'ClusterUpdated' });
    expect(events[0]?.message).toMatch(/changed the cluster: labels, availability\.$/);
  });

  it('keeps what the mask does not name, and writes nothing when nothing differs', async () => {
    const before = (await operator.clusters.getCluster({ cluster: 'demo' })).cluster;
    const { cluster } = await operator.clusters.updateCluster({
      cluster: 'demo',
      labels: {},
      spec: spec({ availability: before?.spec?.availability ?? 0 }),
      updateMask: ['spec.availability'],
    });
    expect(cluster).toEqual(before);
  });

  it.each([
    ['cni', { cni: Cni.NONE }],
    ['podCidr', { podCidr: '10.9.0.0/16' }],
    ['serviceCidr', { serviceCidr: '10.9.0.0/16' }],
    ['clusterDomain', { clusterDomain: 'other.local' }],
    ['controlPlaneKind', { controlPlaneKind: ControlPlaneKind.EXTERNAL }],
    ['kubernetesVersion', { kubernetesVersion: 'v1.34.4' }],
  ])('does not change %s', async (field, over) => {
    const seen = await refusal(
      operator.clusters.updateCluster({ cluster: 'demo', spec: spec(over), updateMask: [`spec.${field}`] }),
    );
    expect(seen.code).toBe('INVALID_ARGUMENT');
    expect(seen.fields).toContain(`spec.${field}`);
  });

  it.each([
    ['a path that is none', { updateMask: ['spec.podCidrs'] }, ['update_mask']],
    ['a kubeconfig for a cluster of ours', { kubeconfig: 'x', updateMask: ['kubeconfig'] }, ['kubeconfig']],
    ['labels that are none', { labels: { 'a b': '' } }, ['labels["a b"]']],
  ])('refuses %s', async (_, over, fields) => {
    expect(await refusal(operator.clusters.updateCluster({ cluster: 'demo', ...over }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      fields,
    });
  });

  it('is refused for another state than the one that was read, deletion too', async () => {
    expect((await refusal(operator.clusters.updateCluster({ cluster: 'demo', etag: 'v0' }))).reason).toBe(
      'ETAG_MISMATCH',
    );
    expect((await refusal(operator.clusters.deleteCluster({ cluster: 'demo', etag: 'v0' }))).reason).toBe(
      'ETAG_MISMATCH',
    );
    expect((await refusal(operator.pools.deleteNodePool({ nodePool: 'control-plane', etag: 'v0' }))).reason).toBe(
      'ETAG_MISMATCH',
    );
    const { cluster } = await operator.clusters.getCluster({ cluster: 'demo' });
    await operator.clusters.deleteCluster({ cluster: 'demo', etag: cluster?.meta?.etag ?? '' });
    expect((await refusal(operator.clusters.updateCluster({ cluster: 'demo', labels: {} }))).reason).toBe(
      'BEING_DELETED',
    );
  });
});
