import { describe, expect, it } from 'vitest';
import { FakeHost } from './fake-host.js';
import { fakeSystemd } from './fake-programs.js';
import { mountsBelow, parseMounts } from './mounts.js';
import { listProcesses } from './processes.js';
import { holderOf, parseListeners } from './sockets.js';
import { lastLine, readUnit, systemctl } from './units.js';

describe('mounts', () => {
  it('are read with their spaces, newest first below a directory', async () => {
    const text =
      '/dev/sda1 / ext4 rw,relatime 0 0\ntmpfs /a/one\\040two tmpfs ro 0 0\nx /a/b/c ext4 rw 0 0\ny /ab ext4 rw 0 0\n';
    expect(parseMounts(text)[1]).toEqual({ device: 'tmpfs', path: '/a/one two', type: 'tmpfs', readOnly: true });
    const host = new FakeHost({ '/proc/self/mounts': text });
    expect((await mountsBelow(host, '/a')).map(({ path }) => path)).toEqual(['/a/b/c', '/a/one two']);
  });
});

describe('sockets', () => {
  it('only listening ones count, and their holder is found by the inode', async () => {
    const text =
      'head\n 0: 0100007F:1538 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n 1: 0100007F:1539 00000000:0000 01 0:0 0:0 0 0 0 4712 1\n';
    expect(parseListeners(text)).toEqual([{ port: 5432, inode: '4711' }]);
    const host = new FakeHost({ '/proc/7/comm': 'postgres\n' });
    host.link('/proc/7/fd/3', 'socket:[4711]');
    expect(await holderOf(host, '4711')).toEqual({ pid: 7, name: 'postgres' });
    expect(await holderOf(host, '4712')).toBeUndefined();
  });
});

describe('processes', () => {
  it('a program that was replaced keeps its name', async () => {
    const host = new FakeHost({ '/proc/8/comm': 'kthread\n', '/proc/version': '' });
    host.link('/proc/7/exe', '/opt/x/kubelet (deleted)');
    expect(await listProcesses(host)).toEqual([{ pid: 7, executable: '/opt/x/kubelet' }]);
  });
});

describe('units', () => {
  it('one that does not exist is not known, and cannot be started', async () => {
    const host = new FakeHost();
    host.programs.push(fakeSystemd().program);
    expect(await readUnit(host, 'no.service')).toEqual({
      known: false,
      enabled: false,
      active: false,
      masked: false,
      path: '',
      mainPid: 0,
    });
    await expect(systemctl(host, 'start', 'no.service')).rejects.toMatchObject({
      code: 'UNIT_FAILED',
      remedy: 'Look at: journalctl -u no.service -n 50',
    });
  });

  it('the last line that says something is told', () => {
    expect(lastLine('a\nb \n\n')).toBe('b');
    expect(lastLine('')).toBe('no output');
  });
});
