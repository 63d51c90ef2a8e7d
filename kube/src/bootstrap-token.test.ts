import { describe, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { bootstrapTokenManifest, formatBootstrapToken, newBootstrapToken } from './bootstrap-token.js';

const now = new SimClock().now();
const token = { id: 'abcdef', secret: '0123456789abcdef' };

describe('bootstrap tokens', () => {
  test('are as kubeadm wants them', () => {
    expect(formatBootstrapToken(newBootstrapToken(seededRandom(1)))).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
  });

  test('are the Secret that Kubernetes reads, and expire in whole seconds of UTC', () => {
    const manifest = bootstrapTokenManifest(
      token,
      { ttlMs: 60_500, description: 'mch_1', groups: ['system:bootstrappers:flotilla:m'] },
      now,
    );
    const { data, ...rest } = manifest;
    expect(rest).toEqual({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
    });
    const plain = Object.entries(data ?? {}).map(([key, value]) => [
      key,
      Buffer.from(String(value), 'base64').toString(),
    ]);
    expect(Object.fromEntries(plain)).toEqual({
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      expiration: '2026-01-01T00:01:00Z',
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
      'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token,system:bootstrappers:flotilla:m',
      description: 'mch_1',
    });
  });

  test.each([
    ['ttlMs', { ttlMs: 15 * 60_000 + 1 }, token],
    ['ttlMs', { ttlMs: 0 }, token],
    ['ttlMs', { ttlMs: Number.NaN }, token],
    ['groups', { ttlMs: 1000, groups: ['system:masters'] }, token],
    ['groups', { ttlMs: 1000, groups: ['system:bootstrappers:a,system:masters'] }, token],
    ['id', { ttlMs: 1000 }, { ...token, id: '../etc' }],
    ['secret', { ttlMs: 1000 }, { ...token, secret: 'short' }],
  ])('refuse a bad %s', (field, options, wrong) => {
    const violations = [expect.objectContaining({ field }) as object];
    expect(() => bootstrapTokenManifest(wrong, { description: '', ...options }, now)).toThrow(
      expect.objectContaining({ violations }) as Error,
    );
  });

  test('a refusal does not tell the secret', () => {
    const wrong = { ...token, secret: 'SECRET' };
    expect(() => bootstrapTokenManifest(wrong, { ttlMs: 1, description: '' }, now)).not.toThrow(/SECRET/);
  });
});
