import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FakeProxy } from './fake-proxy.js';
import type { FakeSite } from './fake-site.js';

/** Tells the cases, which run in another machine, what the fakes have seen: `/requests/SITE`, `/connections/SITE`, `/tunnels`. */
export async function openControl(
  host: string,
  sites: ReadonlyMap<string, FakeSite>,
  proxy: FakeProxy,
): Promise<{ port: number; server: Server }> {
  const server = createServer((request, response) => {
    const [, what = '', name = ''] = (request.url ?? '').split('/');
    const site = sites.get(name);
    if (what === 'tunnels') response.end(toLines(proxy.tunnels));
    else if (site !== undefined && what === 'requests') response.end(toLines(site.requests));
    else if (site !== undefined && what === 'connections') response.end(`${String(site.connections)}\n`);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  // A listening TCP server has an AddressInfo, not a pipe's name.
  return { port: (server.address() as AddressInfo).port, server };
}

function toLines(items: readonly string[]): string {
  return items.map((item) => `${item}\n`).join('');
}
