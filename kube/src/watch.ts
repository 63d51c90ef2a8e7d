import {
  jitteredDelayMs,
  toFlotillaError,
  FlotillaError,
  type BackoffOptions,
  type Clock,
  type Random,
} from '@flotilla/kit';
import type { WatchEventType, WatchHandler } from './contract.js';
import { failureError } from './errors.js';
import { JsonReader, parseJson } from './read.js';

/** What a watch needs of the API server. */
export interface WatchSource<T> {
  /** Everything there is, and the version it was read at. */
  list(signal: AbortSignal): Promise<{ readonly items: readonly T[]; readonly resourceVersion: string }>;
  /** The lines of a watch from a version on. */
  watch(resourceVersion: string, timeoutSeconds: number, signal: AbortSignal): AsyncIterable<string>;
  parse(object: JsonReader): T;
}

const backoff: BackoffOptions = { delayMsMin: 1_000, delayMsMax: 30_000 };
/** A watch that lived so long was a good one: the next failure starts again at the shortest delay. */
const provenAfterMs = 30_000;
/** A watch that the server ends sooner, though in order, was no watch. */
const lifeMsMin = 5_000;

/** The handler's own error, kept apart from those of the API server. */
class HandlerFailure extends Error {
  constructor(override readonly cause: unknown) {
    super('the handler of a watch failed');
  }
}

/**
 * Lists and watches until the signal is aborted. A watch that ends in order goes on from where it was; anything else is a
 * loss: the handler is told, and after a jittered pause everything is listed anew. The pause never shrinks because a
 * list succeeded, only because a watch lived, so a server that accepts lists and breaks watches is not flooded.
 */
export async function runWatchList<T>(
  source: WatchSource<T>,
  handler: WatchHandler<T>,
  ports: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0;
  let lost = false;
  while (!signal.aborted) {
    const life = { startedMs: Number.POSITIVE_INFINITY };
    try {
      const { items, resourceVersion } = await source.list(signal);
      // Aborted while the answer was on its way: nobody listens any more.
      if (signal.aborted) return;
      tell(() => handler.onList(items));
      lost = false;
      await follow(source, handler, ports, resourceVersion, life, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof HandlerFailure) throw error.cause;
      if (!lost) handler.onLost(toFlotillaError(error));
      lost = true;
    }
    if (ports.clock.now().monotonicMs - life.startedMs >= provenAfterMs) attempt = 0;
    await pause(jitteredDelayMs(attempt++, backoff, ports.random), ports.clock, signal);
  }
}

/** Watches again and again, each time from the last version seen; ends only by a throw or an abort. */
async function follow<T>(
  source: WatchSource<T>,
  handler: WatchHandler<T>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  listedVersion: string,
  life: { startedMs: number },
  signal: AbortSignal,
): Promise<void> {
  let resourceVersion = listedVersion;
  life.startedMs = clock.now().monotonicMs;
  for (;;) {
    const openedMs = clock.now().monotonicMs;
    // 4 to 5 minutes, so that many watches do not end in the same second.
    const timeoutSeconds = 240 + Math.floor(random.fraction() * 60);
    for await (const line of source.watch(resourceVersion, timeoutSeconds, signal)) {
      if (signal.aborted) return;
      resourceVersion = deliver(line, source, handler) ?? resourceVersion;
    }
    if (signal.aborted) return;
    const livedMs = clock.now().monotonicMs - openedMs;
    if (livedMs < lifeMsMin) {
      throw new FlotillaError('KUBE_UNREACHABLE', `The API server ended a watch after ${Math.round(livedMs)} ms.`, {
        kind: 'unavailable',
      });
    }
  }
}

const eventTypes: Readonly<Record<string, WatchEventType>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
};

/** Tells the handler of one line; gives the version up to which all is known. */
function deliver<T>(line: string, source: WatchSource<T>, handler: WatchHandler<T>): string | undefined {
  const event = new JsonReader(parseJson(line, 'watch event'), 'watch event');
  const type = event.text('type');
  const object = event.object('object');
  if (type === 'ERROR') {
    const status = object.count('code') ?? 500;
    const failure = { status, reason: object.text('reason'), message: object.text('message') };
    throw failureError({ ...failure, isStatus: true, retryAfterMs: undefined }, 'watch');
  }
  const known = Object.hasOwn(eventTypes, type) ? eventTypes[type] : undefined;
  if (known !== undefined) {
    const parsed = source.parse(object);
    tell(() => handler.onEvent(known, parsed));
  }
  // Bookmarks, and types of a later Kubernetes, move the version only.
  const version = object.object('metadata').text('resourceVersion');
  return version === '' ? undefined : version;
}

function tell(act: () => void): void {
  try {
    act();
  } catch (cause) {
    throw new HandlerFailure(cause);
  }
}

async function pause(delayMs: number, clock: Clock, signal: AbortSignal): Promise<void> {
  try {
    await clock.sleep(delayMs, signal);
  } catch {
    // Aborted: the loop looks at the signal next.
  }
}
