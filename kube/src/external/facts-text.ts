import { parseDocument } from 'yaml';
import { certificatesOf } from './kubeconfig-parts.js';

/** What kubeadm's own configuration says of a cluster; undefined where it does not. */
export interface KubeadmFacts {
  readonly podCidr: string | undefined;
  readonly serviceCidr: string | undefined;
  readonly clusterDomain: string | undefined;
  readonly clusterName: string | undefined;
  /** `host:port` or `host`. */
  readonly controlPlaneEndpoint: string | undefined;
}

const textBytesMax = 1024 * 1024;

/** The `ClusterConfiguration` of kubeadm-config; any version of it has these names. */
export function parseKubeadmConfig(text: string): KubeadmFacts {
  const root = parsed(text);
  return {
    podCidr: textAt(root, 'networking', 'podSubnet'),
    serviceCidr: textAt(root, 'networking', 'serviceSubnet'),
    clusterDomain: textAt(root, 'networking', 'dnsDomain'),
    clusterName: textAt(root, 'clusterName'),
    controlPlaneEndpoint: textAt(root, 'controlPlaneEndpoint'),
  };
}

/** The kubeconfig inside cluster-info: address and CA, nothing else. Undefined when they are not both there and sound. */
export function parseClusterInfo(text: string): { readonly endpoint: string; readonly caPem: string } | undefined {
  const clusters = at(parsed(text), 'clusters');
  const first: unknown = Array.isArray(clusters) ? clusters[0] : undefined;
  const server = textAt(first, 'cluster', 'server') ?? '';
  const caPem = Buffer.from(textAt(first, 'cluster', 'certificate-authority-data') ?? '', 'base64').toString('utf8');
  if (!URL.canParse(server) || certificatesOf(caPem).length === 0) return undefined;
  const url = new URL(server);
  if (url.protocol !== 'https:' || url.hostname === '') return undefined;
  return { endpoint: `${url.hostname}:${url.port === '' ? '443' : url.port}`, caPem };
}

/** The value of a YAML text; undefined when it is none. */
function parsed(text: string): unknown {
  if (text.length > textBytesMax) return undefined;
  const document = parseDocument(text, { prettyErrors: false });
  if (document.errors.length > 0) return undefined;
  try {
    return document.toJS({ maxAliasCount: 0 }) as unknown;
  } catch {
    return undefined;
  }
}

function at(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  // Proven to have it just above.
  return (value as Readonly<Record<string, unknown>>)[key];
}

function textAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = keys.reduce(at, value);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
