import { describe, expect, it } from 'vitest';
import { FakeHost, ok } from './fake-host.js';
import { isEmptyTable, undoChange } from './undo.js';

const empty =
  'table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t}\n}\n';
const used =
  'table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; policy accept;\n\t\ttcp dport 22 accept\n\t}\n}\n';

describe('tables that iptables made', () => {
  it('an empty one is told from one that somebody uses', () => {
    expect(isEmptyTable(empty)).toBe(true);
    expect(isEmptyTable(used)).toBe(false);
    expect(isEmptyTable('table ip nat {\n\tchain DOCKER {\n\t}\n}\n')).toBe(false);
    expect(isEmptyTable('table ip nat {\n\tset blocked {\n\t}\n}\n')).toBe(false);
  });

  it.each([
    [empty, true],
    [used, false],
  ])('only the empty one goes', async (listing, goes) => {
    const host = new FakeHost();
    host.programs.push((argv) => (argv[1] === 'list' ? { ...ok, stdout: listing } : ok));
    await undoChange(host, { type: 'nft-table', family: 'ip', name: 'filter' });
    expect(host.ran.some((argv) => argv[1] === 'delete')).toBe(goes);
  });
});

describe('settings that others changed', () => {
  it('get their old value back whatever it is now; one that is gone is left alone', async () => {
    const host = new FakeHost({ '/proc/sys/net/netfilter/nf_conntrack_max': '524288\n' });
    await undoChange(host, {
      type: 'sysctl',
      key: 'net.netfilter.nf_conntrack_max',
      previous: '262144',
      value: undefined,
    });
    expect(host.content('/proc/sys/net/netfilter/nf_conntrack_max')).toBe('262144\n');
    // Unchanged: not even written, for a container-like host may not.
    host.onWrite = () => {
      throw new Error('EACCES');
    };
    await undoChange(host, {
      type: 'sysctl',
      key: 'net.netfilter.nf_conntrack_max',
      previous: '262144',
      value: undefined,
    });
    await undoChange(host, { type: 'sysctl', key: 'net.gone', previous: '1', value: undefined });
  });

  it('a directory gets its mode back', async () => {
    const host = new FakeHost();
    host.dir('/var/lib/containerd', 0o700);
    await undoChange(host, { type: 'dir', path: '/var/lib/containerd', existed: true, keep: [], mode: 0o755 });
    expect((await host.stat('/var/lib/containerd'))?.mode).toBe(0o755);
  });
});
