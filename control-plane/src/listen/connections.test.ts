import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { Connections } from './connections.js';

class FakeSocket extends EventEmitter {
  destroyed = false;
  bytesRead = 0;
  bytesWritten = 0;
  constructor(
    readonly remoteAddress: string,
    readonly remotePort: number,
  ) {
    super();
  }
  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

const limits = {
  strangersMax: 3,
  strangersPerAddressMax: 2,
  connectionsMax: 4,
  firstRequestMs: 10_000,
  stalledMs: 120_000,
};

function setUp() {
  const clock = new SimClock();
  const connections = new Connections(clock, limits);
  let port = 1000;
  const open = (address: string): FakeSocket | undefined => {
    const socket = new FakeSocket(address, port++);
    return connections.add(socket as unknown as Socket) ? socket : undefined;
  };
  const peer = (socket: FakeSocket | undefined): string => `${socket?.remoteAddress}:${socket?.remotePort}`;
  return { clock, connections, open, peer };
}

describe('connections', () => {
  it('limits strangers per address and in all, and gives places back', () => {
    const { connections, open } = setUp();
    const first = open('10.0.0.1');
    open('10.0.0.1');
    expect(open('10.0.0.1')).toBeUndefined();
    open('10.0.0.2');
    expect(open('10.0.0.3')).toBeUndefined();
    first?.destroy();
    expect(open('10.0.0.1')).toBeDefined();
    expect(connections.strangers).toBe(3);
  });

  it('does not count those it knows among the strangers', () => {
    const { connections, open, peer } = setUp();
    for (const socket of [open('10.0.0.1'), open('10.0.0.1')]) connections.advance(peer(socket), 'known');
    const third = open('10.0.0.1');
    expect(third).toBeDefined();
    expect(connections.strangers).toBe(1);
    third?.destroy();
    expect([connections.strangers, connections.size]).toEqual([0, 2]);
  });

  it('ends who finished the handshake and then asked for nothing, and nobody else', async () => {
    const { clock, connections, open, peer } = setUp();
    const idle = open('10.0.0.1');
    const busy = open('10.0.0.2');
    for (const socket of [idle, busy]) connections.advance(peer(socket), 'open');
    connections.advance(peer(busy), 'used');
    await clock.advance(9_000);
    expect(connections.sweep()).toBe(0);
    await clock.advance(1_500);
    expect(connections.sweep()).toBe(1);
    expect([idle?.destroyed, busy?.destroyed]).toEqual([true, false]);
  });

  it('cuts one connection by its peer', () => {
    const { connections, open, peer } = setUp();
    const socket = open('10.0.0.1');
    connections.cut(peer(socket));
    expect(socket?.destroyed).toBe(true);
  });

  it('ends a connection on which nothing moves any more, unless it was allowed silence', async () => {
    const { clock, connections, open, peer } = setUp();
    const [stalled, moving, patient] = [open('10.0.0.1'), open('10.0.0.2'), open('10.0.0.1')];
    for (const socket of [stalled, moving, patient]) connections.advance(peer(socket), 'known');
    connections.allowSilence(peer(patient));
    for (let i = 0; i < 13; i++) {
      await clock.advance(10_000);
      if (moving !== undefined) moving.bytesWritten += 1;
      connections.sweep();
    }
    expect([stalled?.destroyed, moving?.destroyed, patient?.destroyed]).toEqual([true, false, false]);
  });
});
