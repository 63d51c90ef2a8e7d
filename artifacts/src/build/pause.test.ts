import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { pauseSource } from './pause.js';

const compiler = spawnSync('gcc', ['--version']).status === 0;

/** Becomes the program of its first argument with a child that has ended already, and one that ends with its input. */
const parentOfTwo = `#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
  (void)argc;
  char byte;
  siginfo_t ended;
  if (fork() == 0) return 0;
  waitid(P_ALL, 0, &ended, WEXITED | WNOWAIT);
  if (fork() == 0) return read(0, &byte, 1) != 0;
  execv(argv[1], argv + 1);
  return 1;
}
`;

async function compile(path: string, source: string): Promise<void> {
  await writeFile(`${path}.c`, source);
  const { stderr } = spawnSync('gcc', ['-Wall', '-Werror', '-o', path, `${path}.c`], { encoding: 'utf8' });
  expect(stderr).toBe('');
}

describe.skipIf(!compiler)('the pause program (needs gcc)', () => {
  let program = '';
  beforeAll(async () => {
    const dir = await mkdtemp(join(tmpdir(), 'flotilla-pause-'));
    program = join(dir, 'pause');
    await compile(program, pauseSource('3.10.1'));
    await compile(`${program}-parent`, parentOfTwo);
    return () => rm(dir, { recursive: true, force: true });
  });

  it('answers the health check of an upgrade', () => {
    expect(spawnSync(program, ['-v'], { encoding: 'utf8' })).toMatchObject({ status: 0, stdout: 'pause 3.10.1\n' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends with 0 on %s', async (signal) => {
    const child = spawn(program, { stdio: 'ignore' });
    const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
    await vi.waitFor(() => expect(caughtSignals(child.pid)).toBe(caughtWhenReady), { timeout: 5_000 });
    child.kill(signal);
    expect(await ended).toBe(0);
  });

  it('reaps children that ended before it was there, and later', async () => {
    const child = spawn(`${program}-parent`, [program], { stdio: ['pipe', 'ignore', 'ignore'] });
    try {
      await vi.waitFor(() => expect(caughtSignals(child.pid)).toBe(caughtWhenReady), { timeout: 5_000 });
      await vi.waitFor(() => expect(childrenOf(child.pid)).toHaveLength(1), { timeout: 2_000 });
      child.stdin.end();
      await vi.waitFor(() => expect(childrenOf(child.pid)).toEqual([]), { timeout: 2_000 });
    } finally {
      child.kill('SIGTERM');
    }
  });
});

/** SIGINT, SIGTERM and SIGCHLD, as bits from signal 1 on. */
const caughtWhenReady = (1 << 1) | (1 << 14) | (1 << 16);

function caughtSignals(pid = 0): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number.parseInt(/^SigCgt:\s+([0-9a-f]+)$/m.exec(status)?.[1] ?? '0', 16);
}

function childrenOf(pid = 0): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
}
