import { describe, expect, it } from 'vitest';
import { run } from './exec.js';

const script = (source: string): readonly [string, ...string[]] => [process.execPath, '-e', source];

describe('run', () => {
  it('gives the output and hears each line of both streams', async () => {
    const lines: string[] = [];
    const { stdout } = await run(script('console.log("one"); console.error("two")'), {
      onLine: (line) => lines.push(line),
    });
    expect(stdout).toBe('one');
    expect(lines.sort()).toEqual(['one', 'two']);
  });

  it('passes arguments as they are, through no shell', async () => {
    const { stdout } = await run([process.execPath, '-p', 'process.argv[1]', '$(id) ; `id`']);
    expect(stdout).toBe('$(id) ; `id`');
  });

  it('adds to the environment', async () => {
    const { stdout } = await run(script('console.log(process.env.EXTRA, process.env.PATH !== undefined)'), {
      env: { EXTRA: 'x' },
    });
    expect(stdout).toBe('x true');
  });

  it('tells how a program failed, with the last it said', async () => {
    await expect(run(script('console.error("no room"); process.exit(3)'))).rejects.toMatchObject({
      name: 'ProgramFailed',
      reason: 'exit 3',
      tail: 'no room',
    });
  });

  it('tells when there is no such program', async () => {
    await expect(run(['/does/not/exist'])).rejects.toMatchObject({ name: 'ProgramFailed', program: '/does/not/exist' });
  });

  it('ends the program when asked to', async () => {
    const abort = new AbortController();
    const running = run(script('console.log("up"); setInterval(() => {}, 1000)'), {
      signal: abort.signal,
      onLine: () => abort.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
  });
});
