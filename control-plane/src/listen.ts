import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import { ServerCredentials as GrpcCredentials, type Server as GrpcServer } from '@grpc/grpc-js';
import { FlotillaError, systemCode, type Clock, type Logger } from '@flotilla/kit';
import { Admission } from './listen/admission.js';
import { peerOf, type Connections } from './listen/connections.js';
import { ticketKeys, untilNextKeyMs } from './listen/tickets.js';

export interface ListenOptions {
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly credentials: { readonly key: string; readonly cert: string; readonly ca: string };
  /** 32 bytes from which the daily ticket keys are derived. */
  readonly ticketSecret: Uint8Array;
  readonly http: RequestListener;
  /** Takes HTTP connections that ask to become WebSockets. */
  readonly upgrade: UpgradeListener;
  readonly grpc: GrpcServer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly admission: { readonly perSecond: number; readonly burst: number; readonly waitingMax: number };
  readonly connections: Connections;
  /** A handshake that takes longer is ended. The time spent waiting for admission does not count. */
  readonly handshakeMs: number;
  readonly onRefused?: (why: 'limit' | 'admission' | 'handshake') => void;
}

/** The one public port: TLS 1.3; `http/1.1` goes to the web, `h2` alone to gRPC. */
export class Listener {
  readonly #options: ListenOptions;
  readonly #front: Server;
  readonly #tls: TlsServer;
  readonly #connections: Connections;
  readonly #http: ReturnType<typeof createHttpServer>;
  readonly #injector: ReturnType<GrpcServer['createConnectionInjector']>;
  readonly #admission: Admission<Socket>;
  readonly #stopping = new AbortController();

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#connections = options.connections;
    this.#http = webServer(options.http, options.upgrade);
    this.#injector = options.grpc.createConnectionInjector(GrpcCredentials.createInsecure());
    this.#tls = this.#createTls();
    this.#admission = new Admission({ clock: options.clock, ...options.admission }, (socket) => {
      if (!socket.destroyed) this.#tls.emit('connection', socket);
    });
    // Paused: a connection that waits for its turn costs no reads.
    this.#front = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => this.#accept(socket));
  }

  /** Binds the port. Throws LISTEN_FAILED with what to do. */
  async open(): Promise<{ readonly port: number }> {
    const { host, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#front.once('error', (error) => reject(listenFailed(error, host, port)));
      this.#front.listen({ host, port }, resolve);
    });
    this.#front.on('error', (error) => this.#options.log.warn({ err: error.message }, 'listener error'));
    const address = this.#front.address() as AddressInfo;
    return { port: address.port };
  }

  /** New certificate for new connections; the key stays. */
  renew(credentials: ListenOptions['credentials']): void {
    this.#tls.setSecureContext({ ...credentials, minVersion: 'TLSv1.3', sessionIdContext: 'flotilla' });
    this.#tls.setTicketKeys(ticketKeys(this.#options.ticketSecret, this.#options.clock.now().wallMs));
  }

  /** Keeps deadlines and rotates ticket keys until aborted; then takes no new connections. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    let keyDueMs = untilNextKeyMs(clock.now().wallMs) + clock.now().monotonicMs;
    try {
      for (;;) {
        await clock.sleep(1000, signal);
        this.#connections.sweep();
        const now = clock.now();
        if (now.monotonicMs < keyDueMs) continue;
        this.#tls.setTicketKeys(ticketKeys(this.#options.ticketSecret, now.wallMs));
        keyDueMs = untilNextKeyMs(now.wallMs) + now.monotonicMs;
      }
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.stopAccepting();
  }

  /** No new connections from now on; those there are go on. */
  stopAccepting(): void {
    this.#front.close();
  }

  /** Ends everything. */
  close(): void {
    this.#stopping.abort(new Error('listener closes'));
    this.#front.close();
    this.#injector.destroy();
    this.#http.close(() => undefined);
    this.#http.closeAllConnections();
    this.#connections.closeAll();
  }

  #accept(socket: Socket): void {
    // Without a handler a reset by the other side would end the process.
    socket.on('error', () => socket.destroy());
    if (!this.#connections.add(socket)) {
      this.#options.onRefused?.('limit');
      socket.destroy();
      return;
    }
    if (this.#admission.offer(socket, this.#stopping.signal)) return;
    this.#options.onRefused?.('admission');
    socket.destroy();
  }

  #createTls(): TlsServer {
    const { credentials, ticketSecret, clock, handshakeMs } = this.#options;
    const server = createTlsServer({
      ...credentials,
      minVersion: 'TLSv1.3',
      requestCert: true,
      // Who has none, or one of another authority, may still fetch the installer; api/policy.ts asks per method.
      rejectUnauthorized: false,
      handshakeTimeout: handshakeMs,
      ticketKeys: ticketKeys(ticketSecret, clock.now().wallMs),
      // The default depends on the command line, which would end resumption when a flag changes.
      sessionIdContext: 'flotilla',
      ALPNCallback: ({ protocols }) => ['http/1.1', 'h2'].find((name) => protocols.includes(name)),
    });
    server.on('secureConnection', (socket) => this.#secured(socket));
    server.on('tlsClientError', (error, socket) => {
      this.#options.onRefused?.('handshake');
      this.#options.log.debug({ peer: socket.remoteAddress, err: error.message }, 'handshake failed');
      // Nobody else closes it: a stalled handshake would stay for ever.
      socket.destroy();
    });
    return server;
  }

  #secured(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    const peer = peerOf(socket);
    if (peer === undefined) {
      socket.destroy();
      return;
    }
    this.#connections.advance(peer, 'open');
    // Taken from the socket, not from gRPC's auth context: that one hides an expired certificate, which may still renew.
    const certificate: Buffer | undefined = socket.getPeerX509Certificate()?.raw;
    if (certificate !== undefined) this.#connections.setCertificate(peer, certificate);
    if (socket.alpnProtocol === 'h2') {
      this.#injector.injectConnection(socket);
      return;
    }
    this.#http.emit('connection', socket);
  }
}

export type UpgradeListener = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

function webServer(listener: RequestListener, upgrade: UpgradeListener): ReturnType<typeof createHttpServer> {
  const server = createHttpServer(
    {
      maxHeaderSize: 16 * 1024,
      headersTimeout: 10_000,
      requestTimeout: 30 * 60_000,
      keepAliveTimeout: 30_000,
      connectionsCheckingInterval: 2_000,
    },
    listener,
  );
  server.on('upgrade', upgrade);
  server.maxHeadersCount = 64;
  // It never listens itself, and would otherwise not watch its header and request deadlines.
  server.emit('listening');
  return server;
}

function listenFailed(error: Error, host: string, port: number): FlotillaError {
  const code = systemCode(error);
  const remedies: Readonly<Record<string, string>> = {
    EADDRINUSE: `Another program holds the port. Find it with: ss -ltnp 'sport = :${port}', or set another: --listen ${host}:<port>`,
    EADDRNOTAVAIL: `No interface of this host has the address ${host}. Use 0.0.0.0 for all.`,
    EACCES: 'Ports below 1024 need the capability CAP_NET_BIND_SERVICE.',
  };
  return new FlotillaError('LISTEN_FAILED', `Cannot listen on ${host}:${port}: ${code ?? error.message}.`, {
    kind: 'unavailable',
    retry: 'later',
    remedy: remedies[code ?? ''] ?? 'Check the setting "listen".',
    cause: error,
  });
}
