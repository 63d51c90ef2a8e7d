import fc from 'fast-check';
import { MachineRole } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { FakeCrash } from '../host/fake-host.js';
import { parseJournal } from './journal-line.js';
import { aTarget, FakeWorld, someSecrets, stateDir } from './fake-world.js';

const journalPath = `${stateDir}/journal.jsonl`;

/** Steps that the journal says were finished, in order. */
function doneSteps(world: FakeWorld): readonly string[] {
  const { lines } = parseJournal(world.host.content(journalPath) ?? '');
  return lines.flatMap((line) => (line.kind === 'step' && line.state === 'done' ? [line.step] : []));
}

/** Where a process is killed: at which change of the disk, and whether that change still got through. */
interface Cut {
  readonly afterWrites: number;
  readonly torn: boolean;
}

/** Kills the agent at a change of the disk. A torn one leaves half of the journal's line behind. */
function arm(world: FakeWorld, { afterWrites, torn }: Cut): { readonly struck: () => boolean } {
  let left = afterWrites;
  let struck = false;
  world.host.onWrite = (path, verb) => {
    if (struck) throw new FakeCrash('dead');
    if (left-- > 0) return;
    struck = true;
    if (torn && path === journalPath && verb === 'append')
      world.host.put(path, `${world.host.content(path) ?? ''}{"n":99,"kind":"st`, 0o600);
    throw new FakeCrash('dead');
  };
  return { struck: () => struck };
}

/** Runs the agent, killing it at each cut in turn, then without cuts until it has converged. */
async function live(world: FakeWorld, target: ReturnType<typeof aTarget>, cuts: readonly Cut[]): Promise<void> {
  for (const cut of [...cuts, undefined]) {
    const armed = cut === undefined ? undefined : arm(world, cut);
    try {
      await world.open();
      world.start();
      await world.worker.accept(target, someSecrets);
      for (let turn = 0; turn < 20 && armed?.struck() !== true && !world.worker.converged; turn++)
        await world.work(30_000);
    } catch (error) {
      if (!(error instanceof FakeCrash)) throw error;
    }
    if (cut === undefined) return;
    await world.stop();
    world.host.onWrite = () => undefined;
  }
}

const cuts = fc.array(fc.record({ afterWrites: fc.integer({ min: 0, max: 120 }), torn: fc.boolean() }), {
  maxLength: 4,
});

describe('killed anywhere and started again', () => {
  it('joins in the end, and no step that was done is done again', async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async (where) => {
        const world = await FakeWorld.create();
        await live(world, aTarget(), where);
        expect(await world.converge()).toBe(true);
        const done = doneSteps(world);
        expect(new Set(done).size, done.join()).toBe(done.length);
        expect(world.journal.membership()?.state).toBe('joined');
        await world.stop();
      }),
      { numRuns: 60 },
    );
  });

  it('leaves in the end, with nothing left of it', async () => {
    await fc.assert(
      fc.asyncProperty(cuts, async (where) => {
        const world = await FakeWorld.create();
        const before = world.host.picture();
        await live(world, aTarget(), []);
        await world.stop();
        await live(world, aTarget({ generation: 2n, role: MachineRole.NONE }), where);
        expect(await world.converge()).toBe(true);
        expect((await world.worker.observe()).clean).toBe(true);
        const ours = (path: string): boolean =>
          path.startsWith(`${stateDir}/`) || path.startsWith('/run/flotilla-agent');
        expect(Object.fromEntries(Object.entries(world.host.picture()).filter(([path]) => !ours(path)))).toEqual(
          before,
        );
        await world.stop();
      }),
      { numRuns: 40 },
    );
  });

  it('at every single change of the disk, one after the other', async () => {
    const counting = await FakeWorld.create();
    let writes = 0;
    counting.host.onWrite = () => void writes++;
    await live(counting, aTarget(), []);
    await counting.stop();
    expect(writes).toBeGreaterThan(40);
    for (let afterWrites = 0; afterWrites < writes; afterWrites++) {
      const world = await FakeWorld.create();
      await live(world, aTarget(), [{ afterWrites, torn: afterWrites % 2 === 0 }]);
      expect(await world.converge(), `killed at change ${afterWrites}`).toBe(true);
      const done = doneSteps(world);
      expect(new Set(done).size, `killed at change ${afterWrites}: ${done.join()}`).toBe(done.length);
      await world.stop();
    }
  });
});
