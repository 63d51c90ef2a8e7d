import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const SCRIPTS = ['install.sh', 'uninstall.sh', 'flotilla-agent'].map((name) => join(import.meta.dirname, '..', name));
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
if (!hasShellcheck) process.stderr.write('shellcheck is not installed: the scripts are not checked\n');

describe('the scripts', () => {
  test.skipIf(!hasShellcheck)('are clean for shellcheck as POSIX sh', () => {
    const { status, stdout } = spawnSync('shellcheck', ['--shell=sh', ...SCRIPTS], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  test.each(['dash', 'bash'])('%s parses them', (shell) => {
    for (const script of SCRIPTS) {
      const { status, error } = spawnSync(shell, shell === 'bash' ? ['--posix', '-n', script] : ['-n', script]);
      // Not every host has both.
      if (error === undefined) expect(status, script).toBe(0);
    }
  });
});
