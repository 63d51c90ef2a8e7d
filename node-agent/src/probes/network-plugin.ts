import { FlotillaError } from '@flotilla/kit';
import { runtimeConditions } from '../host/cri.js';
import { paths } from '../host/paths.js';
import { isFalse, isTrue, isUnknown, type HostProbe } from './probe.js';

/** A network plugin is configured, and the runtime has taken it in. */
export const networkPlugin: HostProbe = {
  type: 'NetworkPluginHealthy',
  everyMs: 30_000,
  deadlineMs: 8_000,
  async read({ host, nodeName }) {
    if (nodeName === undefined) return undefined;
    const configs = ((await host.list(paths.cniConfig)) ?? []).filter((name) => /\.(conf|conflist|json)$/.test(name));
    if (configs.length === 0)
      return isFalse('NotConfigured', `there is no network configuration in ${paths.cniConfig}`);
    try {
      const ready = (await runtimeConditions(host, 6_000)).find(({ type }) => type === 'NetworkReady');
      if (ready?.status === true) return isTrue('Ready', `the network plugin is ready (${configs[0] ?? ''})`);
      return isFalse('NotReady', `the runtime has no network: ${ready?.message ?? 'it gives no reason'}`);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      return isUnknown('RuntimeSilent', 'containerd, which would know, does not answer');
    }
  },
};
