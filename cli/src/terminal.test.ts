import { PassThrough } from 'node:stream';
import type { ReadStream, WriteStream } from 'node:tty';
import { expect, test } from 'vitest';
import { inputOf, outputOf } from './terminal.js';

/** A stream with the few fields of a terminal; the real ones need a tty. */
function fakeInput(isTTY?: boolean): PassThrough & ReadStream {
  return Object.assign(new PassThrough(), { isTTY }) as unknown as PassThrough & ReadStream;
}

const never = new AbortController().signal;

test('a line, without its end', async () => {
  const stream = fakeInput(true);
  const input = inputOf(() => stream);
  expect(input.isTTY).toBe(true);
  stream.write('demo\r\nrest\n');
  expect(await input.readLine(never)).toBe('demo');
});

test('an input that ends first has no line', async () => {
  const stream = fakeInput();
  stream.end();
  expect(await inputOf(() => stream).readLine(never)).toBeUndefined();
});

test('Ctrl-C while a line is awaited', async () => {
  const interrupt = new AbortController();
  const stream = fakeInput();
  const reading = inputOf(() => stream).readLine(interrupt.signal);
  interrupt.abort(new Error('interrupted'));
  await expect(reading).rejects.toThrow('interrupted');
});

test('everything, up to a limit', async () => {
  const small = fakeInput();
  small.end('äöü');
  expect(await inputOf(() => small).readAll(6)).toBe('äöü');
  const large = fakeInput();
  large.end('1234567');
  await expect(inputOf(() => large).readAll(6)).rejects.toThrow('more than 6 bytes');
});

test('an output that is no terminal has 100 columns and nothing to paint over; a reader that went away is told', () => {
  const stream = new PassThrough() as unknown as PassThrough & WriteStream;
  let closed = 0;
  const output = outputOf(stream, () => closed++);
  output.write('text');
  expect([output.isTTY, output.columns, output.rows, String(stream.read())]).toEqual([false, 100, 0, 'text']);
  stream.emit('error', Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  expect(closed).toBe(1);
});
