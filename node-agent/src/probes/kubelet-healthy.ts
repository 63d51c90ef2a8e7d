import { FlotillaError } from '@flotilla/kit';
import { isFalse, isTrue, isUnknown, type HostProbe } from './probe.js';

/** The kubelet's own health check on the loopback. */
export const kubeletHealthy: HostProbe = {
  type: 'KubeletHealthy',
  everyMs: 5_000,
  deadlineMs: 4_000,
  late: isFalse('Timeout', 'the kubelet accepts connections on 127.0.0.1:10248 and does not answer'),
  async read({ host, nodeName, isolated }) {
    if (nodeName === undefined) return undefined;
    if (isolated) return isUnknown('Isolated', 'the kubelet is stopped by order of the control plane');
    try {
      const { status } = await host.httpGet({ url: 'http://127.0.0.1:10248/healthz', timeoutMs: 3_000 });
      if (status === 200) return isTrue('Healthy', 'the kubelet answers its health check');
      return isFalse('NotHealthy', `the kubelet answers its health check with ${status}`);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      if (error.metadata['system'] === 'ETIMEDOUT' && kubeletHealthy.late !== undefined) return kubeletHealthy.late;
      return isFalse('NoAnswer', 'the kubelet does not answer on 127.0.0.1:10248');
    }
  },
};
