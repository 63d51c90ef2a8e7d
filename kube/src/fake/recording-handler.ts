import type { FlotillaError } from '@flotilla/kit';
import type { WatchEventType, WatchHandler } from '../contract.js';
import type { KubeMeta } from '../objects.js';

/** One thing a watch said, as text: `list a b`, `added a`, `lost KUBE_EXPIRED`. */
export type Heard = string;

/** Remembers what a watch says, and lets a test wait for it. */
export class RecordingHandler<T extends { readonly meta: KubeMeta }> implements WatchHandler<T> {
  readonly heard: Heard[] = [];
  readonly objects: T[] = [];
  #waiting: { readonly wanted: (heard: readonly Heard[]) => boolean; readonly resolve: () => void }[] = [];

  onList(items: readonly T[]): void {
    this.objects.push(...items);
    this.#hear(['list', ...items.map((item) => item.meta.name)].join(' '));
  }

  onEvent(type: WatchEventType, object: T): void {
    this.objects.push(object);
    this.#hear(`${type} ${object.meta.name}`);
  }

  onLost(reason: FlotillaError): void {
    this.#hear(`lost ${reason.code}`);
  }

  /** Resolves when so many things were said. */
  count(count: number): Promise<void> {
    return this.#until((heard) => heard.length >= count);
  }

  /** Resolves when this was said. */
  said(wanted: Heard): Promise<void> {
    return this.#until((heard) => heard.includes(wanted));
  }

  #until(wanted: (heard: readonly Heard[]) => boolean): Promise<void> {
    if (wanted(this.heard)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ wanted, resolve }));
  }

  #hear(heard: Heard): void {
    this.heard.push(heard);
    this.#waiting = this.#waiting.filter(({ wanted, resolve }) => {
      if (!wanted(this.heard)) return true;
      resolve();
      return false;
    });
  }
}
