import { FlotillaError } from '@flotilla/kit';
import { paths } from '../host/paths.js';
import { isFalse, isTrue, isUnknown, type HostProbe } from './probe.js';

/** The cluster's DNS answers this host for the one name that every cluster has. */
export const dnsHealthy: HostProbe = {
  type: 'DnsHealthy',
  everyMs: 60_000,
  deadlineMs: 10_000,
  late: isFalse('Timeout', "the cluster's DNS does not answer this host"),
  async read({ host, nodeName, isolated }) {
    if (nodeName === undefined || isolated) return undefined;
    const config = (await host.read(`${paths.kubelet}/config.yaml`)) ?? '';
    const server = /^clusterDNS:\s*\n\s*-\s*"?([0-9a-fA-F.:]+)"?\s*$/m.exec(config)?.[1];
    const domain = /^clusterDomain:\s*"?([a-z0-9.-]+)"?\s*$/m.exec(config)?.[1] ?? 'cluster.local';
    if (server === undefined) return isUnknown('NotConfigured', 'the kubelet has no cluster DNS configured');
    try {
      const [address = ''] = await host.resolve(`kubernetes.default.svc.${domain}`, { server, timeoutMs: 3_000 });
      return isTrue('Answers', `${server} answers (${address})`);
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      const system = error.metadata['system'] ?? '';
      const reason = system === 'ETIMEOUT' ? 'Timeout' : system === 'ECONNREFUSED' ? 'Refused' : 'NoAnswer';
      return isFalse(reason, `the cluster's DNS at ${server} does not answer this host: ${error.message}`);
    }
  },
};
