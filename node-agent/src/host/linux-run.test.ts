import { readFile } from 'node:fs/promises';
import { describe, expect, it, vi } from 'vitest';
import { runProgram } from './linux-run.js';

const node = process.execPath;

describe('running a program', () => {
  it('gives exit code, output and lines, and passes nothing of our environment on', async () => {
    const lines: string[] = [];
    process.env['FLOTILLA_CANARY'] = 'secret';
    const script = 'console.log(Object.keys(process.env).sort().join()); console.error("oops"); process.exit(3)';
    const result = await runProgram([node, '-e', script], {
      timeoutMs: 20_000,
      env: { EXTRA: '1' },
      onLine: (line) => lines.push(line),
    });
    delete process.env['FLOTILLA_CANARY'];
    expect(result).toMatchObject({ exitCode: 3, stderr: 'oops\n', timedOut: false });
    expect(result.stdout.trim()).toBe('EXTRA,HOME,LANG,PATH');
    expect(lines.sort()).toEqual(['EXTRA,HOME,LANG,PATH', 'oops']);
  });

  it('a word with spaces and quotes stays one word', async () => {
    const word = `a "b" 'c'; echo $HOME`;
    const result = await runProgram([node, '-e', 'process.stdout.write(process.argv[1])', word], { timeoutMs: 20_000 });
    expect(result.stdout).toBe(word);
  });

  it('kills the whole group at the deadline', async () => {
    // The grandchild holds the pipe; were it alive, the run would not end.
    const script = `const c = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' }); console.log(c.pid); setInterval(() => {}, 1000)`;
    const result = await runProgram([node, '-e', script], { timeoutMs: 1_000 });
    expect(result).toMatchObject({ timedOut: true, exitCode: 137 });
    // Dead, whether or not somebody has looked after the body yet; a busy host takes a moment to deliver the signal.
    await vi.waitFor(async () => {
      const state = await readFile(`/proc/${result.stdout.trim()}/stat`, 'utf8').catch(() => 'gone');
      expect(state).toMatch(/^gone$|\) [ZX] /);
    });
  });

  it('ends at once when it is aborted', async () => {
    const stop = new AbortController();
    const running = runProgram([node, '-e', 'console.log("up"); setInterval(() => {}, 1000)'], {
      timeoutMs: 60_000,
      signal: stop.signal,
      onLine: () => stop.abort(new Error('stop')),
    });
    expect(await running).toMatchObject({ exitCode: 137, timedOut: false });
  });

  it('a program that is not there is 127', async () => {
    expect(await runProgram(['/no/such/program'], { timeoutMs: 1_000 })).toMatchObject({ exitCode: 127 });
  });

  it('keeps the last 64 KiB of what is said', async () => {
    const result = await runProgram([node, '-e', 'process.stdout.write("x".repeat(200000) + "END")'], {
      timeoutMs: 20_000,
    });
    expect(result.stdout.length).toBe(64 * 1024);
    expect(result.stdout.endsWith('END')).toBe(true);
  });
});
