import { SimClock } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { Journal } from '../work/journal.js';
import { HostChanges } from './changes.js';
import { FakeHost, ok } from './fake-host.js';
import { fakeOthers, fakeSystemd } from './fake-programs.js';
import { undoAll } from './undo.js';

async function setUp(files: Record<string, string> = {}) {
  const host = new FakeHost({
    '/etc/hosts': '127.0.0.1 localhost\n',
    '/proc/sys/net/ipv4/ip_forward': '0\n',
    ...files,
  });
  for (const path of ['/state', '/etc/systemd/system']) host.dir(path);
  const systemd = fakeSystemd();
  host.programs.push(systemd.program, fakeOthers);
  const before = host.picture();
  const journal = await Journal.open(host, '/state/journal', new SimClock());
  const changes = new HostChanges(host, journal, '/state/backup');
  const undo = () => undoAll(host, journal, () => undefined);
  const after = () => Object.fromEntries(Object.entries(host.picture()).filter(([path]) => !path.startsWith('/state')));
  const expected = Object.fromEntries(Object.entries(before).filter(([path]) => !path.startsWith('/state')));
  return { host, journal, changes, undo, after, expected, units: systemd.units };
}

describe('changes of the host', () => {
  it('a file that was replaced gets its text and mode back', async () => {
    const { host, changes, undo } = await setUp();
    host.put('/etc/x.conf', 'theirs', 0o640);
    await changes.writeFile('/etc/x.conf', 'ours', 0o644);
    await changes.writeFile('/etc/x.conf', 'ours, again', 0o644);
    await undo();
    expect(host.entries.get('/etc/x.conf')).toEqual({ kind: 'file', content: 'theirs', mode: 0o640 });
  });

  it('everything together is undone, newest first, and only once', async () => {
    const { journal, changes, undo, after, expected } = await setUp();
    await changes.claimDir('/var/lib/kubelet', 0o755);
    await changes.ensureDir('/etc/sysctl.d', 0o755);
    await changes.writeFile('/etc/sysctl.d/90-flotilla.conf', 'x', 0o644);
    await changes.setSysctl('net.ipv4.ip_forward', '1');
    await changes.addHostsLine('10.0.0.7 edge-7 # flotilla-agent');
    await undo();
    expect(after()).toEqual(expected);
    expect(journal.standing()).toEqual([]);
    await undo();
    expect(after()).toEqual(expected);
  });

  it('nothing is touched before the change is on disk', async () => {
    const { host, changes, after, expected } = await setUp();
    host.onWrite = (path) => {
      if (path === '/state/journal') throw new Error('ENOSPC');
    };
    await expect(changes.writeFile('/etc/x.conf', 'ours', 0o644)).rejects.toThrow('ENOSPC');
    await expect(changes.setSysctl('net.ipv4.ip_forward', '1')).rejects.toThrow('ENOSPC');
    await expect(changes.addHostsLine('x')).rejects.toThrow('ENOSPC');
    expect(after()).toEqual(expected);
  });

  it('what was in a claimed directory before stays, what came after goes', async () => {
    const { host, changes, undo } = await setUp();
    host.put('/etc/cni/net.d/theirs.conf', 'x');
    await changes.claimDir('/etc/cni/net.d', 0o755);
    host.put('/etc/cni/net.d/10-flannel.conflist', 'x');
    await undo();
    expect(await host.list('/etc/cni/net.d')).toEqual(['theirs.conf']);
  });

  it('a directory with something mounted in it is not removed', async () => {
    const { host, changes, undo } = await setUp();
    await changes.claimDir('/var/lib/kubelet', 0o755);
    host.put('/var/lib/kubelet/pods/1/volume/data', 'precious');
    host.put('/proc/self/mounts', 'nfs:/x /var/lib/kubelet/pods/1/volume nfs4 rw 0 0\n');
    await changes.addHostsLine('10.0.0.7 edge-7');
    expect((await undo()).map(({ error }) => error.code)).toEqual(['STILL_MOUNTED']);
    // The others were undone all the same.
    expect(host.content('/etc/hosts')).toBe('127.0.0.1 localhost\n');
    expect(host.content('/var/lib/kubelet/pods/1/volume/data')).toBe('precious');
  });

  it('what a person changed after us stays as they left it', async () => {
    const { host, changes, undo } = await setUp({ '/proc/sys/vm/overcommit_memory': '0\n' });
    await changes.setSysctl('vm.overcommit_memory', '1');
    await changes.addHostsLine('10.0.0.7 edge-7');
    host.put('/proc/sys/vm/overcommit_memory', '2\n');
    host.put('/etc/hosts', '127.0.0.1 localhost\n10.0.0.7 edge-7\n10.0.0.9 theirs\n');
    await undo();
    expect(host.content('/proc/sys/vm/overcommit_memory')).toBe('2\n');
    expect(host.content('/etc/hosts')).toBe('127.0.0.1 localhost\n10.0.0.9 theirs\n');
  });

  it('a unit that ran before runs after', async () => {
    const { changes, undo, units } = await setUp({
      '/etc/systemd/system/a.service': '',
      '/etc/systemd/system/b.service': '',
    });
    units.set('a.service', { enabled: true, active: true });
    await changes.noteUnit('a.service');
    await changes.noteUnit('b.service');
    units.set('b.service', { enabled: true, active: true });
    await undo();
    expect([...units]).toEqual([
      ['a.service', { enabled: true, active: true }],
      ['b.service', { enabled: false, active: false }],
    ]);
  });

  it('refuses to replace what it does not understand', async () => {
    const { host, changes } = await setUp();
    host.put('/usr/local/bin/kubelet', 'a kubelet of others');
    await expect(changes.symlink('/usr/local/bin/kubelet', '/opt/x')).rejects.toMatchObject({ code: 'PATH_FOREIGN' });
    host.link('/etc/y.conf', '/elsewhere');
    await expect(changes.writeFile('/etc/y.conf', 'x', 0o644)).rejects.toMatchObject({ code: 'PATH_FOREIGN' });
    host.dir('/etc/many');
    for (let index = 0; index <= 1000; index++) host.put(`/etc/many/${index}`, '');
    await expect(changes.claimDir('/etc/many', 0o755)).rejects.toMatchObject({ code: 'PATH_FOREIGN' });
  });

  it('a module that cannot be loaded is told with its cure', async () => {
    const { host, changes } = await setUp();
    host.programs.unshift(([name]) =>
      name === 'modprobe' ? { ...ok, exitCode: 1, stderr: 'FATAL: Module br_netfilter not found' } : undefined,
    );
    await expect(changes.loadModule('br_netfilter')).rejects.toMatchObject({ code: 'MODULE_MISSING' });
  });
});
