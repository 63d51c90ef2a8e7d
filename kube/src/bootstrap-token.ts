import { FlotillaError, invalidArgument, randomText, type Instant, type Random } from '@flotilla/kit';
import type { CallOptions, KubeClient } from './contract.js';
import type { KubeManifest } from './objects.js';

/** What `kubeadm join` presents: `<id>.<secret>`. The id may be logged, the secret never. */
export interface BootstrapToken {
  readonly id: string;
  readonly secret: string;
}

export interface BootstrapTokenOptions {
  /** From now on; at most {@link bootstrapTokenTtlMsMax}. */
  readonly ttlMs: number;
  /** For people who look at the Secret. */
  readonly description: string;
  /** Besides kubeadm's own; each starts with `system:bootstrappers:`. */
  readonly groups?: readonly string[];
}

/** One token for one machine for one join needs no longer. */
export const bootstrapTokenTtlMsMax = 15 * 60_000;

/** The group to which `kubeadm init` gives the rights a join needs. */
export const kubeadmGroup = 'system:bootstrappers:kubeadm:default-node-token';

const namespace = 'kube-system';

/** A new token; `random` must be fit for secrets. */
export function newBootstrapToken(random: Random): BootstrapToken {
  return { id: randomText(6, random), secret: randomText(16, random) };
}

export function formatBootstrapToken({ id, secret }: BootstrapToken): string {
  return `${id}.${secret}`;
}

/** The Secret in which the API server and the signer of cluster-info look for the token. */
export function bootstrapTokenManifest(
  token: BootstrapToken,
  options: BootstrapTokenOptions,
  now: Instant,
): KubeManifest {
  const problems: { field: string; description: string }[] = [];
  const refuse = (field: string, description: string): void => void problems.push({ field, description });
  if (!/^[a-z0-9]{6}$/.test(token.id)) refuse('id', 'must be 6 of a-z and 0-9');
  if (!/^[a-z0-9]{16}$/.test(token.secret)) refuse('secret', 'must be 16 of a-z and 0-9');
  if (!(options.ttlMs > 0 && options.ttlMs <= bootstrapTokenTtlMsMax))
    refuse('ttlMs', `must be 1 to ${bootstrapTokenTtlMsMax}`);
  for (const group of options.groups ?? []) {
    if (!/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group))
      refuse('groups', `must start with system:bootstrappers: (is ${group})`);
  }
  if (problems.length > 0) throw invalidArgument(problems);
  const expiration = new Date(now.wallMs + options.ttlMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const data = {
    'token-id': token.id,
    'token-secret': token.secret,
    expiration,
    'usage-bootstrap-authentication': 'true',
    'usage-bootstrap-signing': 'true',
    'auth-extra-groups': [kubeadmGroup, ...(options.groups ?? [])].join(','),
    description: options.description,
  };
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: secretName(token.id), namespace },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')])),
  };
}

/** Makes a token known to the cluster; expired ones are removed by Kubernetes itself. */
export async function createBootstrapToken(
  client: KubeClient,
  token: BootstrapToken,
  options: BootstrapTokenOptions & CallOptions,
  now: Instant,
): Promise<void> {
  const { signal, timeoutMs } = options;
  const call = { ...(signal === undefined ? {} : { signal }), ...(timeoutMs === undefined ? {} : { timeoutMs }) };
  await client.create('secrets', bootstrapTokenManifest(token, options, now), call);
}

/** Takes the token from the cluster; it need not be there any more. */
export function deleteBootstrapToken(
  client: KubeClient,
  tokenId: string,
  options?: CallOptions,
): Promise<'deleted' | 'absent'> {
  if (!/^[a-z0-9]{6}$/.test(tokenId)) {
    throw new FlotillaError('KUBE_INVALID', 'The id of a bootstrap token is 6 of a-z and 0-9.', {
      kind: 'invalid-argument',
    });
  }
  return client.delete('secrets', { namespace, name: secretName(tokenId) }, options);
}

function secretName(tokenId: string): string {
  return `bootstrap-token-${tokenId}`;
}
