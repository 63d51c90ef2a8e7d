import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlotillaError, seededRandom, SimClock } from '@flotilla/kit';
import { RecordingHandler } from './fake/recording-handler.js';
import type { KubeConfigMap } from './objects.js';
import { parsers } from './parse.js';
import { runWatchList, type WatchSource } from './watch.js';

/** One list or one watch, as the test wants it. */
type Script =
  | { readonly list: readonly string[] | Error }
  | { readonly watch: readonly string[]; readonly livesMs?: number; readonly error?: Error };

const unreachable = new FlotillaError('KUBE_UNREACHABLE', 'gone', { kind: 'unavailable' });
const line = (type: string, name: string, version: string): string =>
  JSON.stringify({ type, object: { metadata: { name, resourceVersion: version } } });

describe('watching for ever', () => {
  let clock: SimClock;
  let stop: AbortController;
  let handler: RecordingHandler<KubeConfigMap>;
  /** What was asked of the server, and when (s). */
  let asked: string[];

  beforeEach(() => {
    clock = new SimClock();
    stop = new AbortController();
    handler = new RecordingHandler();
    asked = [];
  });
  afterEach(() => stop.abort());

  /** Plays the scripts one after the other; the last one is played again and again. */
  function play(...scripts: readonly Script[]): Promise<void> {
    let index = 0;
    const take = (): Script | undefined => scripts[Math.min(index++, scripts.length - 1)];
    const note = (what: string): void => void asked.push(`${what} @${Math.round(clock.now().monotonicMs / 1000)}`);
    const source: WatchSource<KubeConfigMap> = {
      list: async () => {
        note('list');
        const script = take();
        if (script === undefined || !('list' in script)) throw new Error('the script has no list here');
        if (script.list instanceof Error) throw script.list;
        return { items: script.list.map((name) => parseMap(name)), resourceVersion: '100' };
      },
      watch: async function* (resourceVersion, timeoutSeconds, signal) {
        note(`watch ${resourceVersion}`);
        expect(timeoutSeconds).toBeGreaterThanOrEqual(240);
        expect(timeoutSeconds).toBeLessThan(300);
        const script = take();
        if (script === undefined || !('watch' in script)) throw new Error('the script has no watch here');
        yield* script.watch;
        await clock.sleep(script.livesMs ?? 250_000, signal);
        if (script.error !== undefined) throw script.error;
      },
      parse: parsers.configmaps,
    };
    return runWatchList(source, handler, { clock, random: seededRandom(1) }, stop.signal);
  }

  test('a watch whose time is over goes on from the last version, bookmarks included, without a loss', async () => {
    const running = play(
      { list: ['a'] },
      { watch: [line('ADDED', 'b', '101'), line('BOOKMARK', '', '150').replace('"name":"",', '')] },
      { watch: [line('DELETED', 'a', '151')] },
    );
    await clock.advance(260_000);
    stop.abort();
    await running;
    expect(handler.heard).toEqual(['list a', 'added b', 'deleted a']);
    expect(asked).toEqual(['list @0', 'watch 100 @0', 'watch 150 @250']);
  });

  test('a broken watch is a loss, then everything is listed anew', async () => {
    void play({ list: ['a'] }, { watch: [], livesMs: 60_000, error: unreachable }, { list: ['b'] }, { watch: [] });
    await clock.advance(65_000);
    expect(handler.heard).toEqual(['list a', 'lost KUBE_UNREACHABLE', 'list b']);
  });

  test('an expired version, told inside the watch, is listed anew', async () => {
    const expired = JSON.stringify({
      type: 'ERROR',
      object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
    });
    void play({ list: [] }, { watch: [expired] }, { list: ['a'] }, { watch: [] });
    await clock.advance(2_000);
    expect(handler.heard).toEqual(['list', 'lost KUBE_EXPIRED', 'list a']);
  });

  test('a loss is told once, however long it lasts, and the attempts get rarer, up to half a minute', async () => {
    void play({ list: unreachable });
    await clock.advance(600_000);
    expect(handler.heard).toEqual(['lost KUBE_UNREACHABLE']);
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.length).toBeLessThan(80);
  });

  test('lists that succeed and watches that break at once do not flood the server', async () => {
    const scripts = Array.from({ length: 100 }, (): Script[] => [
      { list: [] },
      { watch: [], livesMs: 10, error: unreachable },
    ]);
    void play(...scripts.flat(), { list: unreachable });
    await clock.advance(600_000);
    expect(asked.filter((text) => text.startsWith('list')).length).toBeLessThan(80);
  });

  test('nor do watches that the server ends in order, but at once', async () => {
    const scripts = Array.from({ length: 100 }, (): Script[] => [{ list: [] }, { watch: [], livesMs: 0 }]);
    void play(...scripts.flat(), { list: unreachable });
    await clock.advance(600_000);
    expect(asked.filter((text) => text.startsWith('list')).length).toBeLessThan(80);
    expect(handler.heard[1]).toBe('lost KUBE_UNREACHABLE');
  });

  test('a watch that lived long makes the next pause short again', async () => {
    const failures = Array.from({ length: 8 }, (): Script => ({ list: unreachable }));
    void play(
      ...failures,
      { list: [] },
      { watch: [], livesMs: 40_000, error: unreachable },
      { list: ['back'] },
      { watch: [] },
    );
    await clock.advance(300_000);
    const at = asked.map((text) => Number(text.split('@')[1]));
    expect(handler.heard.at(-1)).toBe('list back');
    // list, watch for 40 s, then the list after the shortest pause
    expect((at[10] ?? 0) - (at[9] ?? 0)).toBeLessThanOrEqual(41);
  });

  test('what cannot be understood is a loss, not a crash; what is only unknown is passed over', async () => {
    void play(
      { list: [] },
      { watch: [line('NEWTYPE', 'x', '120'), '{"type":"ADDED","object":7}'] },
      { list: [] },
      { watch: [] },
    );
    await clock.advance(2_000);
    expect(handler.heard).toEqual(['list', 'lost KUBE_BAD_ANSWER', 'list']);
  });

  test('an error of the handler is its own: it ends the watch', async () => {
    handler.onEvent = () => {
      throw new Error('bug');
    };
    await expect(play({ list: [] }, { watch: [line('ADDED', 'a', '1')] })).rejects.toThrow('bug');
    expect(handler.heard).toEqual(['list']);
  });

  test('abort ends it quietly, in a pause as in a watch', async () => {
    const running = play({ list: unreachable });
    await clock.waitForSleepers(1);
    stop.abort();
    await running;
    expect(handler.heard).toEqual(['lost KUBE_UNREACHABLE']);
    expect(clock.sleeping).toBe(0);
  });
});

function parseMap(name: string): KubeConfigMap {
  const meta = {
    name,
    namespace: '',
    uid: name,
    resourceVersion: '1',
    labels: {},
    annotations: {},
    createdAtMs: undefined,
    deletingSinceMs: undefined,
    deletionGraceSeconds: undefined,
    finalizers: [],
    owners: [],
  };
  return { meta, data: {} };
}
