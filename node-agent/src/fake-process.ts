import type { Clock } from '@flotilla/kit';
import type { SessionResponse } from '@flotilla/proto';
import type { Host } from './host/host.js';
import type { SessionStream, Transport } from './link/transport.js';

const never = new Promise<never>(() => undefined);

/**
 * What a process does to the world goes through here, so that it can be ended or frozen at any await: a dead process
 * never comes back from one, a frozen one when it is thawed. The world (host, clock, network) goes on.
 */
export class FakeProcess {
  readonly #streams = new Set<SessionStream>();
  readonly #death = new AbortController();
  #thawed: Promise<void> | undefined;
  #thaw: () => void = () => undefined;

  get dead(): boolean {
    return this.#death.signal.aborted;
  }

  get frozen(): boolean {
    return this.#thawed !== undefined;
  }

  /** As SIGKILL. The kernel closes its connections, unless the whole machine lost power. */
  kill(connections: 'closed' | 'silent' = 'closed'): void {
    this.#death.abort(new Error('killed'));
    this.#thaw();
    if (connections === 'closed') for (const stream of this.#streams) stream.destroy();
    this.#streams.clear();
  }

  freeze(): void {
    this.#thawed ??= new Promise((resolve) => (this.#thaw = resolve));
  }

  thaw(): void {
    this.#thawed = undefined;
    this.#thaw();
  }

  host(host: Host): Host {
    return new Proxy(host, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== 'function') return member;
        return async (...args: unknown[]) => {
          await this.#pass();
          try {
            return (await Reflect.apply(member, target, args)) as unknown; // every method of a Host returns a promise
          } finally {
            await this.#pass();
          }
        };
      },
    });
  }

  clock(clock: Clock): Clock {
    return {
      now: () => clock.now(),
      sleep: async (durationMs, signal) => {
        const ends = signal === undefined ? this.#death.signal : AbortSignal.any([signal, this.#death.signal]);
        try {
          await clock.sleep(durationMs, ends);
        } finally {
          await this.#pass();
        }
      },
    };
  }

  transport(transport: Transport): Transport {
    return {
      open: async () => {
        await this.#pass();
        const stream = await transport.open();
        if (this.dead) {
          stream.destroy();
          return never;
        }
        this.#streams.add(stream);
        return this.#stream(stream);
      },
    };
  }

  #stream(stream: SessionStream): SessionStream {
    return {
      send: (message) => (this.dead ? false : stream.send(message)),
      messages: this.#messages(stream),
      destroy: () => {
        this.#streams.delete(stream);
        stream.destroy();
      },
      renew: (tlsCsr, signature) => stream.renew(tlsCsr, signature),
    };
  }

  async *#messages(stream: SessionStream): AsyncGenerator<SessionResponse> {
    for await (const message of stream.messages) {
      await this.#pass();
      yield message;
    }
    await this.#pass();
  }

  async #pass(): Promise<void> {
    while (this.#thawed !== undefined && !this.dead) await this.#thawed;
    if (this.dead) await never;
  }
}
