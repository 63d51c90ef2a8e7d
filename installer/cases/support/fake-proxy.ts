import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';

/** FakeProxy: an HTTP proxy that tunnels and remembers where to. */
export class FakeProxy {
  readonly tunnels: string[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((_, response) => response.writeHead(405).end());
    this.#server.on('connect', (request, client, head) => {
      const target = request.url ?? '';
      this.tunnels.push(target);
      const [host = '', port = ''] = target.split(':');
      const upstream = connect(Number(port), host, () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(client).pipe(upstream);
      });
      upstream.on('error', () => client.destroy());
      client.on('error', () => upstream.destroy());
    });
  }

  static async open(host: string): Promise<FakeProxy> {
    const proxy = new FakeProxy();
    await new Promise<void>((resolve) => proxy.#server.listen(0, host, resolve));
    return proxy;
  }

  get port(): number {
    // A listening TCP server has an AddressInfo, not a pipe's name.
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
