import { expect, it } from 'vitest';
import { Kernel } from './kernel.js';
import { Network, Pipe } from './net.js';

it('what is sent arrives in order, waits while the way is cut, and goes on after it', async () => {
  const kernel = new Kernel(1, 0);
  const network = new Network(kernel);
  const way = network.way('a', 'b');
  const got: string[] = [];
  const pipe = new Pipe<string>(
    network,
    way,
    () => undefined,
    (item) => got.push(item),
  );
  await kernel.during(async () => {
    Object.assign(way, { loss: 0.5, jitterMs: 500 });
    for (const item of ['1', '2', '3']) pipe.send(item);
    await kernel.runUntil(60_000);
    expect(got).toEqual(['1', '2', '3']);
    way.cut = true;
    pipe.send('4');
    await kernel.runUntil(120_000);
    expect(got).toHaveLength(3);
    expect(pipe.held).toBe(1);
    way.cut = false;
    network.healed();
    await kernel.runUntil(180_000);
  });
  expect(got).toEqual(['1', '2', '3', '4']);
});
