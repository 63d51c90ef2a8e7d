import { toFlotillaError } from '@flotilla/kit';
import { Bootstrap } from '@flotilla/proto';
import { isAddress, splitEndpoint } from '../endpoint.js';
import { resolves } from '../prepare-host/hosts-entry.js';
import { fine, problem, type PreflightCheck } from './check.js';

/** The mirror answers and serves what the target names. */
export const artifacts: PreflightCheck = {
  name: 'artifacts',
  async run({ artifacts: mirror, target, facts }) {
    if (mirror === undefined || target === undefined) return fine;
    try {
      await mirror.manifest(target, facts.arch);
      return fine;
    } catch (error) {
      const { code, message, remedy } = toFlotillaError(error);
      return problem(code, message, remedy);
    }
  },
};

/** A machine that joins reaches the API server. */
export const apiEndpoint: PreflightCheck = {
  name: 'api-endpoint',
  async run({ host, target, joined }) {
    const endpoint = target?.cluster?.endpoint ?? '';
    if (endpoint === '' || joined || target?.cluster?.bootstrap === Bootstrap.INIT) return fine;
    const { host: name, port } = splitEndpoint(endpoint);
    if (await host.connects(name, port, 5_000)) return fine;
    if (!isAddress(name) && !(await resolves(host, name)))
      return problem(
        'ENDPOINT_UNRESOLVED',
        `${name}, the name of the cluster's endpoint, has no address on this host`,
        'Give it one in the DNS that this host asks: the control-plane machines, or the load balancer before them.',
      );
    return problem(
      'API_SERVER_UNREACHABLE',
      `${endpoint}, the cluster's API server, does not accept connections from this host`,
      'Open the way from this host to that address (firewall, route), or start the control-plane machine.',
    );
  },
};
