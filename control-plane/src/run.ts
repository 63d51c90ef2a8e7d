import type { Server } from '@grpc/grpc-js';
import { graceMsMin, type Engine, type Store } from '@flotilla/core';
import type { StallMeter } from '@flotilla/health';
import { runTasks, toFlotillaError, type Clock, type Logger, type Task } from '@flotilla/kit';
import type { ArtifactsIndex } from './artifacts-index.js';
import type { Authority } from './enroll/authority.js';
import type { Listener } from './listen.js';
import type { Readiness } from './readiness.js';
import type { Intake } from './session/intake.js';
import { resetPresence } from './session/reset-presence.js';
import type { Sessions } from './session/sessions.js';
import type { SessionTable } from './session/table.js';

/** How often we look whether we stood still. */
export const stallTickMs = 1000;

export interface RunParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: Store;
  readonly authority: Authority;
  readonly artifacts: ArtifactsIndex;
  readonly table: SessionTable;
  readonly intake: Intake;
  readonly engine: Pick<Engine, 'tasks'>;
  readonly sessions: Sessions;
  readonly listener: Listener;
  readonly grpc: Server;
  readonly readiness: Readiness;
  readonly feed: { close(): void };
  readonly stalls: Pick<StallMeter, 'tick'>;
}

const minuteMs = 60_000;
/** Agents come back within two minutes, or count as gone (decision 3). */
const presenceResetMs = graceMsMin + 10_000;
/** For the last messages of streams to leave; agents and watches come back by themselves. */
const drainMs = 2_000;

/** Runs everything until aborted or one part fails; then stops in order: door, sessions, engine, journal, store. */
export async function runServer(parts: RunParts, signal: AbortSignal): Promise<void> {
  const { listener, grpc, readiness, store, log } = parts;
  const tasks: readonly Task[] = [
    { name: 'stalls', run: (stop) => tickStalls(parts, stop) },
    { name: 'intake', run: (stop) => parts.intake.run(stop) },
    ...parts.engine.tasks,
    { name: 'sessions', run: (stop) => parts.sessions.run(stop) },
    { name: 'housekeeping', run: (stop) => housekeeping(parts, stop) },
    { name: 'listener', run: (stop) => listener.run(stop) },
  ];
  readiness.set([]);
  signal.addEventListener('abort', () => readiness.set(['the server stops']), { once: true });
  try {
    await runTasks(tasks, signal);
  } finally {
    readiness.set(['the server stops']);
    parts.feed.close();
    await drain(parts);
    listener.close();
    grpc.forceShutdown();
    await store.close();
    log.info({}, 'stopped');
  }
}

/** Tells the meter that we run; what is missing between two ticks, we stood still. */
async function tickStalls({ clock, stalls }: RunParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(stallTickMs, signal).catch(() => undefined);
    stalls.tick(clock.now().monotonicMs);
  }
}

async function drain({ grpc, clock }: RunParts): Promise<void> {
  const over = new AbortController();
  const quiet = new Promise<void>((resolve) => grpc.tryShutdown(() => resolve()));
  const late = clock.sleep(drainMs, over.signal).catch(() => undefined);
  await Promise.race([quiet, late]);
  over.abort();
}

/** What has to be looked after now and then; one failure is logged and tried again, never the end. */
async function housekeeping(parts: RunParts, signal: AbortSignal): Promise<void> {
  const startedAtMs = parts.clock.now().monotonicMs;
  let presenceReset = false;
  for (;;) {
    try {
      await parts.clock.sleep(minuteMs, signal);
    } catch {
      return;
    }
    try {
      if (await parts.authority.renewServer()) {
        parts.listener.renew(parts.authority.serverCredentials);
        parts.log.info({}, 'the certificate of the server was renewed; its key and pin stay');
      }
      // Another process may have put artifacts there.
      await parts.artifacts.refresh();
      if (!presenceReset && parts.clock.now().monotonicMs - startedAtMs > presenceResetMs) {
        presenceReset = true;
        const count = await resetPresence(parts.store, parts.table, parts.intake);
        if (count > 0)
          parts.log.info({ count }, 'agents that did not come back after the start are marked as disconnected');
      }
    } catch (thrown) {
      const error = toFlotillaError(thrown);
      parts.log.warn({ code: error.code, err: error.message }, 'housekeeping failed; it is tried again in a minute');
    }
  }
}
