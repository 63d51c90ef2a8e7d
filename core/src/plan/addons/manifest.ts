/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** An object as Kubernetes writes it. */
export interface Manifest {
  readonly [key: string]: Json | undefined;
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly [key: string]: Json | undefined; readonly name: string; readonly namespace?: string };
}
