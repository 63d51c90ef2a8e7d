/** A kubeadm bootstrap token is good for this long at most (decision 14). */
export const bootstrapTokenTtlMs = 15 * 60_000;
/** A token that ends sooner is not handed out any more: the join would race it. */
export const bootstrapTokenLeftMsMin = 2 * 60_000;
/** Label of our token Secrets, so that an older one of the same machine is found and removed. */
export const bootstrapTokenLabel = 'flotilla.dev/bootstrap-token-of';

/** The kubeadm group that may create node CSRs. */
const bootstrapGroup = 'system:bootstrappers:kubeadm:default-node-token';
const alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** A token's id (6) and secret (16 characters of a-z0-9) out of random bytes, unbiased; undefined when there were too few. */
export function bootstrapTokenFrom(bytes: Uint8Array): { readonly id: string; readonly secret: string } | undefined {
  const limit = 256 - (256 % alphabet.length);
  let text = '';
  for (const byte of bytes) {
    if (byte < limit && text.length < 22) text += alphabet[byte % alphabet.length] ?? '';
  }
  return text.length < 22 ? undefined : { id: text.slice(0, 6), secret: text.slice(6) };
}

export interface BootstrapTokenWish {
  readonly id: string;
  readonly secret: string;
  readonly expiresAtMs: number;
  readonly machineId: string;
  readonly nodeName: string;
}

/** The Secret that makes the token known to the API server. */
export function bootstrapTokenSecret(wish: BootstrapTokenWish) {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'bootstrap.kubernetes.io/token',
    metadata: {
      name: `bootstrap-token-${wish.id}`,
      namespace: 'kube-system',
      labels: { [bootstrapTokenLabel]: wish.machineId },
    },
    stringData: {
      'token-id': wish.id,
      'token-secret': wish.secret,
      expiration: new Date(wish.expiresAtMs).toISOString(),
      'usage-bootstrap-authentication': 'true',
      'usage-bootstrap-signing': 'true',
      'auth-extra-groups': bootstrapGroup,
      description: `Flotilla: ${wish.nodeName} (${wish.machineId}) joins with it.`,
    },
  };
}
