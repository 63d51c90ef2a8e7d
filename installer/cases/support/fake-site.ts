import { createServer, type Server as HttpsServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { readFileSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { TestKey } from './test-key.js';

/** What goes wrong at one site; everything else is served as it is. */
export interface SiteFaults {
  /** Path whose answer breaks off in the middle. */
  readonly cutPath?: string;
  /** The clock of this site is so far from the real one. */
  readonly clockOffMs?: number;
  /** Path whose first answers break off before the first byte, and how often. */
  readonly flakyPath?: string;
  readonly flakyCount?: number;
}

/** FakeSite: the HTTP side of a control plane, as far as an installer sees it. It keeps a list of what it was asked. */
export class FakeSite {
  readonly requests: string[] = [];
  #connections = 0;
  readonly #server: HttpsServer;
  #flakyLeft: number;

  private constructor(
    private readonly dir: string,
    private readonly faults: SiteFaults,
    key: TestKey,
  ) {
    this.#flakyLeft = faults.flakyCount ?? 0;
    this.#server = createServer({ key: key.keyPem, cert: key.certPem, minVersion: 'TLSv1.3' }, (request, response) => {
      this.#answer(request, response);
    });
    this.#server.on('connection', () => (this.#connections += 1));
  }

  /** Serves `dir` on a free port of `host`. */
  static async open(dir: string, host: string, key: TestKey, faults: SiteFaults = {}): Promise<FakeSite> {
    const site = new FakeSite(dir, faults, key);
    await new Promise<void>((resolve) => site.#server.listen(0, host, resolve));
    return site;
  }

  get port(): number {
    // A listening TCP server has an AddressInfo, not a pipe's name.
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#connections;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.requests.push(`${request.method ?? ''} ${path}`);
    if (path === this.faults.flakyPath && this.#flakyLeft > 0) {
      this.#flakyLeft -= 1;
      request.socket.destroy();
      return;
    }
    if (this.faults.clockOffMs !== undefined)
      response.setHeader('Date', new Date(Date.now() + this.faults.clockOffMs).toUTCString());
    const file = /^\/[A-Za-z0-9./-]+$/.test(path) && !path.includes('..') ? join(this.dir, path) : '';
    if (file === '' || !statSync(file, { throwIfNoEntry: false })?.isFile()) {
      response.writeHead(404).end('not found\n');
      return;
    }
    const body = readFileSync(file);
    response.writeHead(200, { 'Content-Length': body.length, 'Content-Type': 'application/octet-stream' });
    if (path !== this.faults.cutPath) response.end(body);
    else response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
  }
}
