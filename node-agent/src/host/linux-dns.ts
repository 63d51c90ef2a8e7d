import { lookup, Resolver } from 'node:dns/promises';
import { FlotillaError, systemCode } from '@flotilla/kit';

/**
 * Addresses of a name. Without a server as every program on this host would find them (files, then the resolver); with
 * one, it alone is asked. Throws `DNS_FAILED` with the system's code.
 */
export async function resolveName(
  name: string,
  { timeoutMs, server }: { readonly timeoutMs: number; readonly server?: string },
): Promise<readonly string[]> {
  try {
    if (server === undefined) return (await lookup(name, { all: true })).map(({ address }) => address);
    const resolver = new Resolver({ timeout: timeoutMs, tries: 1 });
    resolver.setServers([server]);
    return await resolver.resolve4(name);
  } catch (error) {
    const system = systemCode(error) ?? '';
    throw new FlotillaError('DNS_FAILED', `${name}: ${system === '' ? String(error) : system}`, {
      kind: 'unavailable',
      metadata: { system },
      cause: error,
    });
  }
}
