import { afterAll, beforeAll, expect, test } from 'vitest';
import { diffSnapshots, type Server, type Snapshot } from '../testbed/index.js';
import { addServer, attach, install, kubectl, paste, removeNode, waitReady, type Fleet } from './support.js';

let fleet: Fleet;
let server: Server;
let untouched: Snapshot;

beforeAll(async () => {
  fleet = attach();
  server = await addServer(fleet, 'delta');
  untouched = await server.snapshot();
}, 300_000);

afterAll(async () => {
  await server.powerCut();
});

test('one line makes a bare server a Ready node, and the terminal shows every phase', async () => {
  const { code, output } = await install(fleet, server);
  expect(output).toMatch(/Flotilla agent 0\.1\.0 -> /);
  const phases = [
    'enroll',
    'assign',
    'preflight',
    'prepare-host',
    'install-runtime',
    'install-kubernetes',
    'load-images',
    'join',
    'register',
    'network-ready',
    'ready',
  ];
  const shown = phases.map((phase) => output.search(new RegExp(`\\d+/11 ${phase} +done`)));
  expect(shown.every((at, i) => at >= 0 && (i === 0 || at > (shown[i - 1] ?? -1)))).toBe(true);
  expect(code).toBe(0);
  await waitReady(fleet, 'delta');
  expect(await kubectl('get', 'node', 'delta', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')).toBe(
    'True',
  );
});

test('the token was removed from the host when it was spent, and is in no process', async () => {
  expect((await server.exec(['test', '-e', '/etc/flotilla/token'])).code).toBe(1);
  const argvs = await server.execOk([
    'sh',
    '-c',
    'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n"',
  ]);
  expect(argvs).not.toMatch(/\b[a-z0-9]{6,}\.[a-z0-9]{16,}\b/);
});

test('install.sh a second time changes and restarts nothing', async () => {
  const pids = async (): Promise<string> =>
    server.execOk(['systemctl', 'show', '--property=MainPID', 'flotilla-agent', 'kubelet', 'containerd']);
  const unit = await server.execOk([
    'sh',
    '-c',
    'find /opt/flotilla /etc/flotilla /etc/systemd/system /usr/local/bin -newermt @0 -printf "%p %T@ %i\\n" | sort',
  ]);
  const before = await pids();
  const { code, output } = await install(fleet, server);
  expect(output).toContain('Nothing to change.');
  expect(code).toBe(0);
  expect(await pids()).toBe(before);
  expect(
    await server.execOk([
      'sh',
      '-c',
      'find /opt/flotilla /etc/flotilla /etc/systemd/system /usr/local/bin -newermt @0 -printf "%p %T@ %i\\n" | sort',
    ]),
  ).toBe(unit);
});

test('killing the agent does nothing to the node', async () => {
  const kubelet = await server.execOk(['systemctl', 'show', '--property=MainPID,NRestarts', 'kubelet']);
  await server.execOk(['systemctl', 'kill', '--signal=KILL', 'flotilla-agent']);
  await fleet.controlPlane.flotilla(['wait', 'machine/delta', '--for', 'connected', '--timeout', '1m']);
  expect(await server.execOk(['systemctl', 'show', '--property=MainPID,NRestarts', 'kubelet'])).toBe(kubelet);
  expect(await kubectl('get', 'node', 'delta', '-o', 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')).toBe(
    'True',
  );
});

test('a node that is removed leaves, and its machine is a clean spare', async () => {
  await removeNode(fleet, 'delta');
  expect(await kubectl('get', 'nodes', '-o', 'name')).not.toContain('delta');
  for (const unit of ['kubelet', 'containerd'])
    expect((await server.exec(['systemctl', 'is-active', unit])).stdout.trim()).toBe('inactive');
});

test('after uninstall.sh the host equals the one from before', async () => {
  const { code, output } = await paste(server, 'sh /opt/flotilla/current/uninstall.sh');
  expect([code, output.trim().split('\n').at(-1)]).toEqual([0, expect.stringMatching(/nothing|clean/i)]);
  expect(diffSnapshots(untouched, await server.snapshot())).toEqual([]);
});
