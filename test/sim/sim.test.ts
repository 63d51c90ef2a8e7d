import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');

/** As a person runs it: bundled, which is twice as fast as file by file. */
function simulate(...args: string[]): Promise<{ readonly code: number | null; readonly output: string }> {
  return new Promise((done) => {
    const child = spawn(process.execPath, ['scripts/run-ts.mjs', 'test/sim/run.ts', ...args], { cwd: root });
    let output = '';
    const keep = (chunk: Buffer): void => {
      output += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.on('exit', (code) => done({ code, output }));
  });
}

describe('the simulation', () => {
  it('the same seed has the same trace, 100 of 100 times', { timeout: 300_000 }, async () => {
    const { code, output } = await simulate('--seed', '4', '--short', '--repeat', '100');
    expect(output).toMatch(/100 of 100 runs have the same trace/);
    expect(code).toBe(0);
  });

  it('another process has the same trace, another seed has another', { timeout: 120_000 }, async () => {
    const trace = async (seed: string): Promise<string | undefined> =>
      /trace ([0-9a-f]{16})/.exec((await simulate('--seed', seed, '--short')).output)?.[1];
    const first = await trace('4');
    expect(first).toMatch(/^[0-9a-f]{16}$/);
    expect(await trace('4')).toBe(first);
    expect(await trace('5')).not.toBe(first);
  });

  it('ten seeds hold every invariant', { timeout: 900_000 }, async () => {
    const { code, output } = await simulate('--seeds', '1..10', '--jobs', '2');
    expect(output.replace(/^ {2}.*\n/gm, '')).toMatch(/10 seeds, 0 broken/);
    expect(code).toBe(0);
  });
});
