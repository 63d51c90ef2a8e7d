import { describe, expect, it } from 'vitest';
import { checkControlPlaneUpgrade, checkSkew, parseKubernetesVersion } from './skew.js';
import { containing, errorWith } from './test-support/builders.js';

describe('checkSkew', () => {
  it.each([
    ['v1.34.4', 'v1.34.4', 'ok'],
    ['v1.34.4', 'v1.34.9', 'ok'],
    ['v1.34.4', 'v1.31.0', 'ok'],
    ['v1.34.4', 'v1.30.9', 'KUBELET_TOO_OLD'],
    ['v1.34.4', 'v1.35.0', 'KUBELET_NEWER_THAN_CONTROL_PLANE'],
    ['v1.26.0', 'v1.24.0', 'ok'],
    ['v1.27.0', 'v1.24.0', 'KUBELET_TOO_OLD'],
    ['v1.28.0', 'v1.25.0', 'ok'],
    ['v2.0.0', 'v1.35.4', 'MAJOR_DIFFERS'],
  ])('control plane %s, kubelet %s: %s', (controlPlane, kubelet, expected) => {
    const verdict = checkSkew(controlPlane, kubelet);
    expect(verdict.ok ? 'ok' : verdict.rule).toBe(expected);
    if (!verdict.ok) expect(verdict.message).toContain(kubelet);
  });
});

describe('checkControlPlaneUpgrade', () => {
  it.each([
    ['v1.34.4', 'v1.34.4', 'ok'],
    ['v1.34.4', 'v1.34.5', 'ok'],
    ['v1.34.4', 'v1.35.4', 'ok'],
    ['v1.34.4', 'v1.36.1', 'CONTROL_PLANE_MINOR_SKIPPED'],
    ['v1.34.4', 'v1.34.3', 'CONTROL_PLANE_DOWNGRADE'],
    ['v1.35.4', 'v1.34.9', 'CONTROL_PLANE_DOWNGRADE'],
    ['v1.35.4', 'v2.0.0', 'MAJOR_DIFFERS'],
  ])('from %s to %s: %s', (from, to, expected) => {
    const verdict = checkControlPlaneUpgrade(from, to);
    expect(verdict.ok ? 'ok' : verdict.rule).toBe(expected);
  });

  it('names the step that is missing', () => {
    expect(checkControlPlaneUpgrade('v1.33.0', 'v1.36.1')).toMatchObject({ message: containing('v1.34') });
  });
});

describe('parseKubernetesVersion', () => {
  it.each(['1.34.4', 'v1.34', 'v1.34.4-rc.1', 'v1.34.4+k3s1', 'latest', ''])('refuses %j', (text) => {
    expect(() => parseKubernetesVersion(text)).toThrow(errorWith({ code: 'KUBERNETES_VERSION_INVALID' }));
  });
});
