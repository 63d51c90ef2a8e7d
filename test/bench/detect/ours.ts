import { EventServiceService, WatchEventsRequest, type WatchEventsResponse } from '@flotilla/proto';
import type { Identity } from '../fleet/enroll.js';
import type { Herd } from '../fleet/herd.js';
import type { BenchServer } from '../fleet/server.js';
import type { Injector } from './namespace.js';

export interface Detection {
  readonly kind: 'reset' | 'blackhole';
  readonly ms: number;
}

export interface Round {
  readonly detections: readonly Detection[];
  /** Cut, and not called silent within the time. */
  readonly missed: number;
  /** Called silent, and not touched. */
  readonly wrong: number;
}

const waitMs = 60_000;

/** What the control plane tells whoever watches it, with the time at which that was here. */
export class Watcher {
  readonly #waiting = new Map<string, (atMs: number) => void>();
  readonly #back = new Map<string, () => void>();
  readonly #touched = new Set<string>();
  readonly #stop: () => void;
  wrong = 0;

  constructor(server: BenchServer) {
    const { client, metadata } = server.api;
    const stream = client.makeServerStreamRequest(
      EventServiceService.watchEvents.path,
      (value: WatchEventsRequest) => EventServiceService.watchEvents.requestSerialize(value),
      (bytes) => EventServiceService.watchEvents.responseDeserialize(bytes),
      WatchEventsRequest.create({ project: 'default', resourceKind: 'machine' }),
      metadata,
    );
    stream.on('data', ({ event }: WatchEventsResponse) => {
      if (event === undefined) return;
      if (event.reason === 'AgentConnected') this.#back.get(event.resourceId)?.();
      if (event.reason !== 'AgentSilent') return;
      const told = this.#waiting.get(event.resourceId);
      this.#waiting.delete(event.resourceId);
      if (told !== undefined) told(performance.timeOrigin + performance.now());
      // One that was cut may be missed once more while it comes back.
      else if (!this.#touched.has(event.resourceId)) this.wrong += 1;
    });
    stream.on('error', () => undefined);
    this.#stop = () => stream.cancel();
  }

  /** Time at which the machine is called silent; undefined when that does not come. */
  silent(machineId: string): Promise<number | undefined> {
    this.#touched.add(machineId);
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        this.#waiting.delete(machineId);
        resolve(undefined);
      }, waitMs);
      this.#waiting.set(machineId, (atMs) => {
        clearTimeout(late);
        resolve(atMs);
      });
    });
  }

  /** Resolves when the machine has a session again. */
  back(machineId: string): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#back.delete(machineId);
        clearTimeout(late);
        resolve();
      };
      const late = setTimeout(done, waitMs);
      this.#back.set(machineId, done);
    });
  }

  stop(): void {
    this.#stop();
  }
}

/** Each victim at its own moment of the window, half by reset, half by black hole; all are healed again. */
export async function ourRound(
  parts: { herd: Herd; watcher: Watcher; injector: Injector },
  victims: readonly Identity[],
  windowMs: number,
): Promise<Round> {
  const { herd, watcher, injector } = parts;
  const wrongBefore = watcher.wrong;
  const results = await Promise.all(
    victims.map(async ({ machineId }, i): Promise<Detection | undefined> => {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * windowMs));
      const kind = i % 4 === 0 ? 'reset' : 'blackhole';
      const { port, connected } = await herd.port(machineId);
      if (!connected) return undefined;
      const [told, back] = [watcher.silent(machineId), watcher.back(machineId)];
      const cutMs = kind === 'blackhole' ? injector.cut('ports', port) : performance.timeOrigin + performance.now();
      if (kind === 'reset') herd.reset(machineId);
      const silentMs = await told;
      if (kind === 'blackhole') injector.heal('ports', port);
      await back;
      return silentMs === undefined ? undefined : { kind, ms: silentMs - cutMs };
    }),
  );
  const detections = results.filter((each) => each !== undefined);
  return { detections, missed: victims.length - detections.length, wrong: watcher.wrong - wrongBefore };
}
