import type { KubeEndpoint } from '../transport.js';

/** One thing wrong with a kubeconfig: where, what, and what to do about it. */
export interface KubeconfigProblem {
  /** Path as in the file: `users[admin].user.exec`. */
  readonly field: string;
  /** Completes the field to a sentence: "must not run a program". Never holds a value of the file. */
  readonly description: string;
  /** In the imperative. */
  readonly remedy: string;
}

export type KubeconfigResult =
  | { readonly ok: true; readonly kubeconfig: Kubeconfig }
  | { readonly ok: false; readonly problems: readonly KubeconfigProblem[] };

/** The one context of a kubeconfig that is used, complete in itself: no files, no programs. */
export interface Kubeconfig {
  readonly context: string;
  /** `https://host:port` */
  readonly server: string;
  /** PEM */
  readonly caPem: string;
  /** Name the server's certificate must hold, when the address is not in it. */
  readonly serverName: string | undefined;
  readonly user: KubeconfigUser;
}

export type KubeconfigUser =
  | {
      readonly kind: 'certificate';
      readonly certificatePem: string;
      readonly keyPem: string;
      /** When the certificate ends, wall milliseconds. */
      readonly expiresAtMs: number;
    }
  | { readonly kind: 'token'; readonly token: string };

/**
 * The kubeconfig (YAML or JSON text) of an existing cluster. Only what is complete in itself and safe is taken: the
 * current context with its cluster and user, CA as data, a client certificate with key or a token. Programs (`exec`),
 * `auth-provider`, passwords, paths of files, plain http, proxies and `insecure-skip-tls-verify` are refused, all
 * problems at once. Never throws; no problem repeats a value of the file.
 */
export function parseKubeconfig(_text: string): KubeconfigResult {
  return { ok: false, problems: [{ field: 'kubeconfig', description: 'cannot be read yet', remedy: '' }] };
}

/** How {@link createKubeClient} reaches that cluster. */
export function connectionOf({ server, caPem, serverName, user }: Kubeconfig): KubeEndpoint {
  return {
    server,
    caPem,
    ...(serverName === undefined ? {} : { serverName }),
    ...(user.kind === 'token'
      ? { bearerToken: user.token }
      : { certificatePem: user.certificatePem, keyPem: user.keyPem }),
  };
}
