import { FlotillaError } from '@flotilla/kit';
import type { SessionRequest, SessionResponse } from '@flotilla/proto';
import type { AgentStream } from '../../../control-plane/src/session/contract.js';
import type { SessionStream } from '../../../node-agent/src/link/transport.js';
import type { Process } from './kernel.js';
import { Pipe, unreachable, type Network } from './net.js';

type Up = { readonly kind: 'message'; readonly message: SessionRequest } | { readonly kind: 'end' };
type Down =
  | { readonly kind: 'message'; readonly message: SessionResponse }
  | { readonly kind: 'end'; readonly error: Error | undefined };

export interface Ends {
  readonly network: Network;
  /** Place of the host. */
  readonly host: string;
  readonly agent: Process;
  readonly server: Process;
  /** Sees everything the server sends, before it is on its way. */
  readonly onDown: (message: SessionResponse) => void;
  /** A message that a broken proxy sends a second time, after so long; undefined = it does not. */
  readonly replayAfterMs: (message: SessionResponse) => number | undefined;
}

const keepaliveMs = 40_000;

/** Both ends of one connection. A process that dies closes its end; whether the other hears of it is the network's matter. */
export class Connection {
  readonly #up: Pipe<Up>;
  readonly #down: Pipe<Down>;
  readonly #ends: Ends;
  #onMessage: ((message: SessionRequest) => void) | undefined;
  #early: SessionRequest[] = [];
  #onClose: (() => void)[] = [];
  #serverClosed = false;
  #agentEnded = false;
  #vanished = false;
  #agentError: Error | undefined;
  #inbox: SessionResponse[] = [];
  #wake: () => void = () => undefined;

  constructor(ends: Ends) {
    this.#ends = ends;
    const { network, host, agent, server } = ends;
    this.#up = new Pipe(
      network,
      network.way(host, 'server'),
      () => server,
      (item) => this.#atServer(item),
    );
    this.#down = new Pipe(
      network,
      network.way('server', host),
      () => agent,
      (item) => this.#atAgent(item),
    );
    server.onDeath(() => {
      this.#up.close();
      this.#serverClosed = true;
      // The kernel of a machine whose process died says so to the other side, if it can.
      this.#down.send({ kind: 'end', error: unreachable('the server') });
    });
    agent.onDeath(() => {
      // A machine without power, or a forgotten flow, says nothing.
      if (!this.#vanished) this.#up.send({ kind: 'end' });
      this.#agentEnded = true;
      this.#down.close();
    });
  }

  /** Nobody tells the server: the machine lost power, or a firewall forgot the flow. */
  vanish(): void {
    if (this.#agentEnded) return;
    this.#vanished = true;
    this.#agentEnded = true;
    this.#down.close();
    this.#watchKeepalive();
  }

  agentSide(): SessionStream {
    return {
      send: (message) => {
        if (!this.#agentEnded) this.#up.send({ kind: 'message', message });
        return true;
      },
      messages: { [Symbol.asyncIterator]: () => this.#iterate() },
      destroy: () => {
        if (this.#agentEnded) return;
        this.#agentEnded = true;
        this.#wake();
        this.#up.send({ kind: 'end' });
      },
      renew: () => Promise.reject(new FlotillaError('UNIMPLEMENTED', 'no renewal in the simulation')),
    };
  }

  serverSide(): AgentStream {
    return {
      onMessage: (listener) => {
        this.#onMessage = listener;
        const early = this.#early;
        this.#early = [];
        for (const message of early) this.#handle(message);
      },
      onClose: (listener) => {
        if (this.#serverClosed) listener();
        else this.#onClose.push(listener);
      },
      send: (message) => {
        if (this.#serverClosed) return false;
        this.#ends.onDown(message);
        this.#down.send({ kind: 'message', message });
        const againMs = this.#ends.replayAfterMs(message);
        if (againMs !== undefined)
          this.#ends.network.kernel.at(againMs, () => this.#down.send({ kind: 'message', message }));
        return true;
      },
      end: () => this.#closeServer(undefined),
      fail: (error) => this.#closeServer(error instanceof Error ? error : new Error(String(error))),
    };
  }

  get openAtServer(): boolean {
    return !this.#serverClosed && !this.#ends.server.dead;
  }

  #atServer(item: Up): void {
    if (this.#serverClosed) return;
    if (item.kind === 'end') this.#closeServer(undefined);
    else if (this.#onMessage === undefined) this.#early.push(item.message);
    else this.#handle(item.message);
  }

  #handle(message: SessionRequest): void {
    try {
      this.#onMessage?.(message);
    } catch (error) {
      this.#closeServer(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #closeServer(error: Error | undefined): void {
    if (this.#serverClosed) return;
    this.#serverClosed = true;
    this.#down.send({ kind: 'end', error });
    for (const listener of this.#onClose) listener();
  }

  #atAgent(item: Down): void {
    if (this.#agentEnded) return;
    if (item.kind === 'message') this.#inbox.push(item.message);
    else {
      this.#agentEnded = true;
      this.#agentError = item.error;
    }
    this.#wake();
  }

  /** gRPC's own keepalive collects a connection that nobody answers on. */
  #watchKeepalive(): void {
    const { kernel } = this.#ends.network;
    kernel.at(keepaliveMs, () => this.#closeServer(undefined), this.#ends.server);
  }

  async *#iterate(): AsyncGenerator<SessionResponse> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message !== undefined) {
        yield message;
        continue;
      }
      if (this.#agentEnded) {
        if (this.#agentError !== undefined) throw this.#agentError;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
