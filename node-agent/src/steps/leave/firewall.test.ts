import { describe, expect, it } from 'vitest';
import { FakeHost, ok } from '../../host/fake-host.js';
import { clearFirewall, parseIptables, splitRule } from './firewall.js';

const saved = `*filter
:INPUT ACCEPT [0:0]
:KUBE-FIREWALL - [0:0]
:FLANNEL-FWD - [0:0]
:DOCKER-USER - [0:0]
-A INPUT -m comment --comment "kubernetes \\"firewall\\"" -j KUBE-FIREWALL
-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT
-A KUBE-FIREWALL -j DROP
-A FORWARD -j FLANNEL-FWD
-A FORWARD -j DOCKER-USER
COMMIT
`;

describe('the packet filter', () => {
  it('rules are split as they were written', () => {
    expect(splitRule('-A INPUT -m comment --comment "a \\"b\\" c" -j X')).toEqual([
      '-A',
      'INPUT',
      '-m',
      'comment',
      '--comment',
      'a "b" c',
      '-j',
      'X',
    ]);
  });

  it('finds our chains and what leads to them, nobody else’s', () => {
    expect(parseIptables(saved)).toEqual([
      {
        table: 'filter',
        chains: ['KUBE-FIREWALL', 'FLANNEL-FWD'],
        jumps: [
          ['INPUT', '-m', 'comment', '--comment', 'kubernetes "firewall"', '-j', 'KUBE-FIREWALL'],
          ['FORWARD', '-j', 'FLANNEL-FWD'],
        ],
      },
    ]);
  });

  it('removes jumps before chains, and only our nft tables', async () => {
    const host = new FakeHost();
    for (const name of ['iptables-save', 'ip6tables-save']) host.installed.add(name);
    host.programs.push((argv) => {
      if (argv.join(' ') === 'nft list tables')
        return { ...ok, stdout: 'table ip filter\ntable ip kube-proxy\ntable ip6 kube-proxy\ntable inet firewalld\n' };
      if (argv.join(' ') === 'iptables-save -t filter') return { ...ok, stdout: saved };
      return ok;
    });
    await clearFirewall(host);
    const changes = host.ran.map((argv) => argv.join(' ')).filter((line) => !/-save|list tables/.test(line));
    expect(changes).toEqual([
      'nft delete table ip kube-proxy',
      'nft delete table ip6 kube-proxy',
      'iptables -w 5 -t filter -D INPUT -m comment --comment kubernetes "firewall" -j KUBE-FIREWALL',
      'iptables -w 5 -t filter -D FORWARD -j FLANNEL-FWD',
      'iptables -w 5 -t filter -F KUBE-FIREWALL',
      'iptables -w 5 -t filter -F FLANNEL-FWD',
      'iptables -w 5 -t filter -X KUBE-FIREWALL',
      'iptables -w 5 -t filter -X FLANNEL-FWD',
    ]);
  });
});
