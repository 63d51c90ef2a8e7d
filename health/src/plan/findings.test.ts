import { describe, expect, test } from 'vitest';
import { aProbe, FALSE, TRUE } from '../testing/samples.js';
import { findingsOf, isBad, leadsToVerdict } from './findings.js';

const causesOf = (probes: Parameters<typeof findingsOf>[0], ready = false): string[] =>
  findingsOf(probes, { ready }).map(({ cause }) => cause);

describe('findings', () => {
  test.each([
    ['KubeletHealthy', FALSE, 'KubeletUnhealthy'],
    ['ContainerRuntimeHealthy', FALSE, 'ContainerRuntimeUnhealthy'],
    ['DiskPressure', TRUE, 'DiskPressure'],
    ['InodePressure', TRUE, 'InodePressure'],
    ['ReadonlyFilesystem', TRUE, 'ReadonlyFilesystem'],
    ['CertificatesExpiring', TRUE, 'CertificatesExpiring'],
    ['ApiServerReachable', FALSE, 'ApiServerUnreachable'],
    ['ClockSkew', TRUE, 'ClockSkew'],
    ['KernelProblem', TRUE, 'KernelProblem'],
    ['NetworkPluginHealthy', FALSE, 'NetworkPluginUnhealthy'],
    ['NodeLease', FALSE, 'LeaseStale'],
  ])('%s %s proves %s', (type, status, cause) => {
    expect(causesOf([aProbe(type, status)])).toEqual([cause]);
    expect(causesOf([aProbe(type, status === TRUE ? FALSE : TRUE)])).toEqual([]);
  });

  test.each(['MemoryPressure', 'RebootRequired', 'AgentCrashLoop'])('%s is shown and proves nothing', (type) => {
    expect(causesOf([aProbe(type, TRUE)])).toEqual([]);
    expect(isBad(aProbe(type, TRUE))).toBe(true);
    expect(leadsToVerdict(type)).toBe(false);
  });

  test('what only explains proves nothing while the kubelet is Ready', () => {
    const probes = [aProbe('ApiServerReachable', FALSE), aProbe('ClockSkew', TRUE), aProbe('KernelProblem', TRUE)];
    expect(causesOf(probes, true)).toEqual([]);
    expect(causesOf([...probes, aProbe('DiskPressure', TRUE)], true)).toEqual(['DiskPressure']);
  });

  test('the cause to be treated first comes first', () => {
    const probes = [aProbe('KubeletHealthy', FALSE), aProbe('DiskPressure', TRUE), aProbe('ReadonlyFilesystem', TRUE)];
    expect(causesOf(probes)).toEqual(['ReadonlyFilesystem', 'DiskPressure', 'KubeletUnhealthy']);
  });

  test('an API server that is reached and refuses the kubelet is not the network', () => {
    expect(causesOf([aProbe('ApiServerReachable', FALSE, { reason: 'Unauthorized' })])).toEqual(['IdentityRefused']);
    expect(causesOf([aProbe('ApiServerReachable', FALSE, { reason: 'Unauthorized' })], true)).toEqual([]);
    expect(causesOf([aProbe('ApiServerReachable', FALSE, { reason: 'Timeout' })])).toEqual(['ApiServerUnreachable']);
  });

  test('expired is another cause than expiring', () => {
    expect(causesOf([aProbe('CertificatesExpiring', TRUE, { reason: 'Expired' })])).toEqual(['CertificatesExpired']);
  });

  test('fault 64: a probe that we do not know, or that has the name of something else, proves nothing', () => {
    for (const type of ['Liar', 'constructor', '__proto__', 'toString', '']) {
      expect(causesOf([aProbe(type, TRUE), aProbe(type, FALSE)])).toEqual([]);
      expect(leadsToVerdict(type)).toBe(false);
    }
  });
});
