import { FlotillaError } from '@flotilla/kit';
import { ConditionStatus } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { fakeRuntimeStatus } from '../host/fake-programs.js';
import { aProbeWorld } from './fake-probe-context.js';
import { kubeletHealthy } from './kubelet-healthy.js';
import { networkPlugin } from './network-plugin.js';
import { runtimeHealthy } from './runtime-healthy.js';

const healthz = 'http://127.0.0.1:10248/healthz';
const silence = new FlotillaError('HTTP_FAILED', 'no answer', { metadata: { system: 'ETIMEDOUT' } });

describe('KubeletHealthy', () => {
  it('fault 16: dead, hanging, unwell and well again are four things, and the last one clears it', async () => {
    const { host, context } = aProbeWorld();
    const reason = async () => (await kubeletHealthy.read(context()))?.reason;
    expect(await reason()).toBe('NoAnswer');
    host.onHttp = () => {
      throw silence;
    };
    expect(await reason()).toBe('Timeout');
    host.onHttp = () => undefined;
    host.web.set(healthz, { status: 500, body: 'syncloop' });
    expect(await reason()).toBe('NotHealthy');
    host.web.set(healthz, { status: 200, body: 'ok' });
    expect(await kubeletHealthy.read(context())).toMatchObject({ status: ConditionStatus.TRUE, reason: 'Healthy' });
  });

  it('is not asked of a spare, and not held against a machine that is isolated', async () => {
    const { context } = aProbeWorld();
    expect(await kubeletHealthy.read(context({ nodeName: undefined }))).toBeUndefined();
    expect(await kubeletHealthy.read(context({ isolated: true }))).toMatchObject({
      status: ConditionStatus.UNKNOWN,
      reason: 'Isolated',
    });
  });
});

describe('ContainerRuntimeHealthy and NetworkPluginHealthy', () => {
  it('a socket without a daemon that answers is not health', async () => {
    const { host, context } = aProbeWorld();
    const reason = async () => (await runtimeHealthy.read(context()))?.reason;
    expect(await reason()).toBe('Healthy');
    host.onRpc = () => undefined;
    expect(await reason()).toBe('NoAnswer');
    host.onRpc = () => {
      throw silence;
    };
    expect(await reason()).toBe('Timeout');
    host.onRpc = () => fakeRuntimeStatus({ runtime: false });
    expect(await runtimeHealthy.read(context())).toMatchObject({
      reason: 'NotReady',
      message: 'containerd says it is not ready: RuntimeReady is false',
    });
    host.entries.delete('/run/containerd/containerd.sock');
    expect(await reason()).toBe('SocketMissing');
  });

  it('a network needs its configuration and a runtime that took it', async () => {
    const { host, context } = aProbeWorld();
    const found = () => networkPlugin.read(context());
    expect(await found()).toMatchObject({ status: ConditionStatus.TRUE, reason: 'Ready' });
    host.onRpc = () => fakeRuntimeStatus({ network: false });
    expect(await found()).toMatchObject({ status: ConditionStatus.FALSE, reason: 'NotReady' });
    // Containerd that is down is another probe's finding.
    host.onRpc = () => undefined;
    expect(await found()).toMatchObject({ status: ConditionStatus.UNKNOWN, reason: 'RuntimeSilent' });
    host.entries.delete('/etc/cni/net.d/10-x.conflist');
    expect(await found()).toMatchObject({ status: ConditionStatus.FALSE, reason: 'NotConfigured' });
  });
});
