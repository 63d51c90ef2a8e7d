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
