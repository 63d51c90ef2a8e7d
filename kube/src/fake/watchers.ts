import type { ServerResponse } from 'node:http';
import type { ResourcePlace } from '../paths.js';
import type { JsonMap } from './json.js';
import type { FakeChange, FakeObjectStore } from './object-store.js';
import { FakeRefusal } from './refusal.js';
import type { Matcher } from './selectors.js';

export interface WatchRequest {
  readonly place: ResourcePlace;
  readonly matches: Matcher;
  /** `0` or empty: from the present, everything there is first. */
  readonly version: string;
  readonly bookmarks: boolean;
}

interface Watcher {
  readonly request: WatchRequest;
  readonly answer: ServerResponse;
}

/** The watches of a fake API server. */
export class FakeWatchers {
  readonly #store: FakeObjectStore;
  readonly #open = new Set<Watcher>();
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #begun = 0;

  constructor(store: FakeObjectStore) {
    this.#store = store;
    store.listen((change) => {
      for (const watcher of this.#open) send(watcher, change);
    });
  }

  get size(): number {
    return this.#open.size;
  }

  /** Resolves when so many watches were begun since the start. */
  begun(count: number): Promise<void> {
    if (this.#begun >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  start(request: WatchRequest, answer: ServerResponse): void {
    answer.writeHead(200, { 'content-type': 'application/json' });
    answer.flushHeaders();
    const watcher = { request, answer };
    if (request.version === '' || request.version === '0') {
      for (const object of this.#store.list(request.place, undefined, request.matches))
        writeEvent(answer, 'ADDED', object);
    } else {
      const missed = this.#store.since(Number(request.version));
      if (missed === undefined) {
        const gone = new FakeRefusal(410, 'Expired', `too old resource version: ${request.version}`);
        answer.end(`{"type":"ERROR","object":${gone.toStatus()}}\n`);
        return;
      }
      for (const change of missed) send(watcher, change);
    }
    this.#open.add(watcher);
    this.#begun++;
    for (const { count, resolve } of this.#waiting) if (this.#begun >= count) resolve();
    answer.on('close', () => this.#open.delete(watcher));
  }

  /** Sends every watch the present version. */
  sendBookmarks(): void {
    for (const { request, answer } of this.#open) {
      if (!request.bookmarks) continue;
      const { kind, apiVersion } = request.place;
      writeEvent(answer, 'BOOKMARK', {
        kind,
        apiVersion,
        metadata: { resourceVersion: String(this.#store.version), creationTimestamp: null },
      });
    }
  }

  /** Sends a line as it is. */
  sendRaw(line: string): void {
    for (const { answer } of this.#open) answer.write(`${line}\n`);
  }

  /** Ends every watch in order, as when its time is over. */
  endAll(): void {
    for (const watcher of [...this.#open]) {
      this.#open.delete(watcher);
      watcher.answer.end();
    }
  }
}

function send({ request, answer }: Watcher, change: FakeChange): void {
  const { place, matches } = request;
  if (change.place.apiVersion !== place.apiVersion || change.place.plural !== place.plural) return;
  const was = change.before !== undefined && matches(change.before);
  const is = change.type !== 'DELETED' && matches(change.object);
  // An object that stops to match is deleted, as far as this watch goes.
  if (is) writeEvent(answer, was ? 'MODIFIED' : 'ADDED', change.object);
  else if (was) writeEvent(answer, 'DELETED', change.object);
}

function writeEvent(answer: ServerResponse, type: string, object: JsonMap): void {
  answer.write(`${JSON.stringify({ type, object })}\n`);
}
