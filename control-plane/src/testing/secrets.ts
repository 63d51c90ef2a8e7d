import type { SecretStore } from '../enroll/authority.js';

/** Secrets in memory. */
export function fakeSecrets(): SecretStore & { readonly values: Map<string, Uint8Array> } {
  const values = new Map<string, Uint8Array>();
  return {
    values,
    get: async (name) => values.get(name),
    set: async (name, value) => void values.set(name, value),
  };
}
