import { silentLogger, SimClock } from '@flotilla/kit';
import { MachineTarget, type TargetPush } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { Dispatcher } from './dispatch.js';

const secrets = { bootstrapToken: 'aaaaaa.bbbb', bootstrapTokenTtlSeconds: 900, certificateKey: '' };

function setUp() {
  const clock = new SimClock();
  const sent: TargetPush[] = [];
  let push: TargetPush | undefined;
  const dispatcher = new Dispatcher('mch_a', {
    engine: { pushFor: async () => push },
    clock,
    log: silentLogger,
    send: (message) => sent.push(message),
  });
  const want = async (epoch: number, generation: number, with_?: TargetPush['secrets']): Promise<void> => {
    push = { target: MachineTarget.create({ epoch: BigInt(epoch), generation: BigInt(generation) }), secrets: with_ };
    dispatcher.wake();
    await clock.advance(0);
  };
  const acknowledge = (epoch: number, generation: number): void =>
    dispatcher.acknowledged({ epoch: BigInt(epoch), generation: BigInt(generation) });
  return { clock, sent, dispatcher, want, acknowledge };
}

describe('a dispatcher', () => {
  it('sends nothing while there is nothing, and what is held already', async () => {
    const { sent, dispatcher, clock, want, acknowledge } = setUp();
    dispatcher.wake();
    await clock.advance(0);
    acknowledge(7, 3);
    await want(7, 3);
    expect(sent).toEqual([]);
  });

  it('sends the newest, once, and again when it stays unacknowledged', async () => {
    const { sent, dispatcher, clock, want, acknowledge } = setUp();
    await want(7, 1);
    await want(7, 1);
    expect(sent).toHaveLength(1);
    expect(dispatcher.overdue).toBe(false);
    await clock.advance(15_000);
    expect(dispatcher.overdue).toBe(true);
    await want(7, 1);
    expect(sent).toHaveLength(2);
    acknowledge(7, 1);
    await clock.advance(60_000);
    expect(dispatcher.overdue).toBe(false);
  });

  it('sends the same generation of a new epoch: the agent must learn whom to obey', async () => {
    const { sent, want, acknowledge } = setUp();
    acknowledge(7, 1);
    await want(8, 1);
    expect(sent).toHaveLength(1);
  });

  it('sends again for new secrets, not because their time runs', async () => {
    const { sent, want, acknowledge } = setUp();
    await want(7, 1, secrets);
    acknowledge(7, 1);
    await want(7, 1, { ...secrets, bootstrapTokenTtlSeconds: 5 });
    expect(sent).toHaveLength(1);
    await want(7, 1, { ...secrets, bootstrapToken: 'cccccc.dddd' });
    expect(sent).toHaveLength(2);
  });

  it('sends nothing after it was stopped', async () => {
    const { sent, dispatcher, want } = setUp();
    dispatcher.stop();
    await want(7, 1);
    expect(sent).toEqual([]);
  });
});
