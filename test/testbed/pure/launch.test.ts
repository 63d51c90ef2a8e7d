import { expect, test } from 'vitest';

import { planEnterArgv, planNspawnArgv } from './launch.js';

test('a server is booted with its own name, root, bridge and real directories', () => {
  const argv = planNspawnArgv({
    machine: 'demo-alpha',
    hostname: 'alpha',
    bridge: 'flt-demo',
    rootDir: '/r',
    binds: [['/d/kubelet', '/var/lib/kubelet']],
    readOnlyBinds: [['/lib/modules', '/usr/lib/modules']],
  });
  for (const word of [
    '--machine=demo-alpha',
    '--hostname=alpha',
    '--network-bridge=flt-demo',
    '--directory=/r',
    '--bind=/d/kubelet:/var/lib/kubelet',
    '--bind-ro=/lib/modules:/usr/lib/modules',
  ]) {
    expect(argv).toContain(word);
  }
});

test('a command is entered with a clean environment and unchanged words', () => {
  const argv = planEnterArgv({
    leaderPid: 42,
    waitScript: '/bin/wait.sh',
    env: { A: 'b c' },
    argv: ['echo', '$HOME; rm x'],
  });
  expect(argv.slice(0, 3)).toEqual(['nsenter', '--target', '42']);
  expect(argv.indexOf('/bin/wait.sh')).toBeGreaterThan(argv.indexOf('--pid'));
  expect(argv.slice(argv.indexOf('env'), argv.indexOf('env') + 2)).toEqual(['env', '-i']);
  expect(argv).toContain('A=b c');
  expect(argv.slice(-2)).toEqual(['echo', '$HOME; rm x']);
});
