import type { Clock, Instant } from '@flotilla/kit';

/**
 * The control plane's wall clock, as far as this machine can know it: heard at a welcome, carried on by the monotonic
 * clock. So a local clock that is set, or runs away, between two sessions is seen at once.
 */
export class ServerClock {
  #heard: { readonly serverMs: number; readonly monotonicMs: number } | undefined;

  constructor(private readonly clock: Clock) {}

  heard(serverMs: number, at: Instant): void {
    this.#heard = { serverMs, monotonicMs: at.monotonicMs };
  }

  /** Local wall clock minus the server's; undefined until the server was heard. */
  get skewMs(): number | undefined {
    if (this.#heard === undefined) return undefined;
    const now = this.clock.now();
    return now.wallMs - (this.#heard.serverMs + now.monotonicMs - this.#heard.monotonicMs);
  }
}
