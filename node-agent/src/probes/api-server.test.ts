import { FlotillaError } from '@flotilla/kit';
import { ConditionStatus } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { apiServerProbes } from './api-server.js';
import { aProbeWorld } from './fake-probe-context.js';

const lease = 'https://10.0.0.5:6443/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/edge-7';
const nowMs = Date.UTC(2026, 0, 1, 12);
const renewed = (agoMs: number) => ({
  status: 200,
  body: JSON.stringify({ spec: { renewTime: new Date(nowMs - agoMs).toISOString() } }),
  dateMs: nowMs,
});

async function both(world: ReturnType<typeof aProbeWorld>) {
  const [api, own] = apiServerProbes();
  return [(await api?.read(world.context()))?.reason, (await own?.read(world.context()))?.reason];
}

describe('ApiServerReachable and NodeLease', () => {
  it.each([
    ['ECONNREFUSED', 'Refused'],
    ['ETIMEDOUT', 'Timeout'],
    ['EHOSTUNREACH', 'Unroutable'],
    ['ENOTFOUND', 'NameUnresolved'],
    ['CERT_HAS_EXPIRED', 'CertificateRefused'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'CertificateRefused'],
    ['', 'NoAnswer'],
  ])('fault 32: %s is %s, and says nothing of the Lease', async (system, reason) => {
    const world = aProbeWorld();
    world.host.onHttp = () => {
      throw new FlotillaError('HTTP_FAILED', 'https://10.0.0.5:6443 did not answer', { metadata: { system } });
    };
    expect(await both(world)).toEqual([reason, 'ApiServerUnknown']);
  });

  it.each([
    [401, 'Unauthorized', 'ApiServerUnknown'],
    [403, 'Forbidden', 'ApiServerUnknown'],
    [404, 'Reachable', 'Missing'],
    [503, 'ServerError', 'ApiServerUnknown'],
  ])('an answer of %d is %s', async (status, reachable, own) => {
    const world = aProbeWorld();
    world.host.web.set(lease, { status, body: '{}', dateMs: nowMs });
    expect(await both(world)).toEqual([reachable, own]);
  });

  it('the age of the Lease is counted on the API server’s clock, so a wrong one here changes nothing', async () => {
    const world = aProbeWorld();
    world.host.web.set(lease, renewed(9_000));
    world.clock.stepWall(-400 * 86_400_000);
    expect(await both(world)).toEqual(['Reachable', 'Fresh']);
    world.host.web.set(lease, renewed(41_000));
    expect(await both(world)).toEqual(['Reachable', 'Stale']);
  });

  it('a node that has no certificate yet is not said to be cut off', async () => {
    const world = aProbeWorld();
    world.host.entries.delete('/var/lib/kubelet/pki/kubelet-client-current.pem');
    const [api] = apiServerProbes();
    expect(await api?.read(world.context())).toMatchObject({
      status: ConditionStatus.UNKNOWN,
      reason: 'NoCredentials',
    });
  });

  it('two findings cost one question', async () => {
    const world = aProbeWorld();
    let asked = 0;
    world.host.onHttp = () => {
      asked += 1;
      return renewed(1_000);
    };
    await both(world);
    expect(asked).toBe(1);
  });
});
