import { type Event, EventServiceService, WatchEventsRequest } from '@flotilla/proto';
import { FlotillaError, jitteredDelayMs } from '@flotilla/kit';
import type { Call } from './call.js';

const backoff = { delayMsMin: 250, delayMsMax: 10_000 };

export interface Following {
  readonly afterRevision: bigint;
  /** Empty = every kind. */
  readonly kind: string;
  readonly onEvent: (event: Event) => Promise<void>;
  /** We fell too far behind: gives the revision to go on from. */
  readonly onGap: () => Promise<bigint>;
}

/** Events from a revision on, without gap, until Ctrl-C. Goes on where it was when the connection is lost. */
export async function followStream(call: Call, following: Following): Promise<never> {
  const session = await call.session();
  const { clock, random, signal } = call.env;
  let afterRevision = following.afterRevision;
  for (let failures = 0; ; failures++) {
    const request = WatchEventsRequest.create({
      project: session.project,
      afterRevision,
      resourceKind: following.kind,
    });
    try {
      for await (const { event } of session.connection.stream(EventServiceService.watchEvents, request, signal)) {
        failures = 0;
        if (event === undefined) continue;
        afterRevision = event.revision;
        await following.onEvent(event);
      }
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
      if (error.kind === 'out-of-range') {
        afterRevision = await following.onGap();
        call.note('Too far behind: some events were not shown.');
      } else if (error.kind !== 'unavailable') throw error;
      else if (failures === 0) call.note(`${error.message}; trying again`);
    }
    await clock.sleep(jitteredDelayMs(failures, backoff, random), signal);
  }
}
