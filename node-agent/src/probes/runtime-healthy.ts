import { FlotillaError } from '@flotilla/kit';
import { runtimeConditions } from '../host/cri.js';
import { paths } from '../host/paths.js';
import { isFalse, isTrue, type HostProbe } from './probe.js';

/** Containerd answers over the interface that the kubelet uses; a socket without a daemon behind it is found out. */
export const runtimeHealthy: HostProbe = {
  type: 'ContainerRuntimeHealthy',
  everyMs: 10_000,
  deadlineMs: 8_000,
  late: isFalse('Timeout', 'containerd has its socket open and does not answer'),
  async read({ host, nodeName }) {
    if (nodeName === undefined) return undefined;
    if (!(await host.exists(paths.containerdSocket)))
      return isFalse('SocketMissing', `${paths.containerdSocket} is not there`);
    try {
      const ready = (await runtimeConditions(host, 6_000)).find(({ type }) => type === 'RuntimeReady');
      if (ready?.status === true) return isTrue('Healthy', 'containerd answers and is ready');
      return isFalse('NotReady', `containerd says it is not ready: ${ready?.message ?? 'without a reason'}`);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      const silent = error.metadata['system'] === 'ETIMEDOUT';
      return isFalse(silent ? 'Timeout' : 'NoAnswer', error.message);
    }
  },
};
