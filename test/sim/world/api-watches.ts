import type { KubeObjects, KubeResource, WatchEventType, WatchHandler } from '@flotilla/kube';
import type { Kernel, Process } from './kernel.js';
import { lost } from './kube-objects.js';
import type { Network } from './net.js';

interface Watcher {
  readonly resource: KubeResource;
  readonly handler: WatchHandler<never>;
  readonly owner: Process;
  live: boolean;
  closed: boolean;
  /** Something happened while the way was cut: it is told by a list once the way is back. */
  missed: boolean;
}

export interface WatchSource {
  isUp(): boolean;
  list(resource: KubeResource): readonly unknown[];
}

const retryMs = 3_000;

/** The watches of an API server: a list, then what happens, over a way that may be cut. */
export class ApiWatches {
  readonly #watchers = new Set<Watcher>();

  constructor(
    private readonly kernel: Kernel,
    private readonly network: Network,
    private readonly place: string,
    private readonly source: WatchSource,
  ) {
    network.onHeal(() => this.#relist());
  }

  open<R extends KubeResource>(
    resource: R,
    handler: WatchHandler<KubeObjects[R]>,
    signal: AbortSignal,
    owner: Process,
  ): Promise<void> {
    const watcher: Watcher = {
      resource,
      handler,
      owner,
      live: false,
      closed: false,
      missed: false,
    };
    this.#watchers.add(watcher);
    this.#begin(watcher, true);
    return new Promise((resolve) => {
      signal.addEventListener(
        'abort',
        () => {
          watcher.closed = true;
          this.#watchers.delete(watcher);
          resolve();
        },
        { once: true },
      );
    });
  }

  tell(resource: KubeResource, type: WatchEventType, object: unknown): void {
    for (const watcher of this.#watchers) {
      if (watcher.resource !== resource || !watcher.live) continue;
      if (this.network.way(this.place, 'server').cut) watcher.missed = true;
      else this.#send(watcher, () => watcher.handler.onEvent(type, object as never)); // of that resource
    }
  }

  /** The API server ended, or its way was cut for longer than bookmarks are missed: every watch is begun anew. */
  loseAll(): void {
    for (const watcher of [...this.#watchers]) {
      if (watcher.owner.dead) this.#watchers.delete(watcher);
      else if (watcher.live) {
        watcher.live = false;
        this.kernel.at(0, () => watcher.handler.onLost(lost()), watcher.owner);
        this.kernel.at(retryMs, () => this.#begin(watcher, false), watcher.owner);
      }
    }
  }

  /** Lists and then watches; tries again for ever. */
  #begin(watcher: Watcher, first: boolean): void {
    if (watcher.closed || watcher.owner.dead || watcher.live) return;
    if (!this.source.isUp() || !this.network.passes('server', this.place)) {
      if (first) watcher.handler.onLost(lost());
      this.kernel.at(retryMs, () => this.#begin(watcher, false), watcher.owner);
      return;
    }
    watcher.live = true;
    watcher.missed = false;
    this.#send(watcher, () => watcher.handler.onList(this.source.list(watcher.resource) as never[])); // of that resource
  }

  #send(watcher: Watcher, tell: () => void): void {
    const delayMs = this.network.delayMs({ ...this.network.way(this.place, 'server'), jitterMs: 0, loss: 0 });
    this.kernel.at(
      delayMs,
      () => {
        if (!watcher.closed && watcher.live) tell();
      },
      watcher.owner,
    );
  }

  #relist(): void {
    for (const watcher of this.#watchers) {
      if (watcher.missed) watcher.live = false;
      this.#begin(watcher, false);
    }
  }
}
