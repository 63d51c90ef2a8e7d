import type { Host } from '../../host/host.js';

const timeoutMs = 30_000;
const ownTables = /^table (\S+) (kube-proxy|flannel-ipv4|flannel-ipv6)$/;
const ownChain = /^(KUBE-|CNI-|FLANNEL-)/;
const iptablesTables = ['filter', 'nat', 'mangle', 'raw'] as const;

/** nft tables of kube-proxy and flannel, as [family, name]. */
export async function ownNftTables(host: Host): Promise<readonly (readonly [string, string])[]> {
  if ((await host.which('nft')) === undefined) return [];
  const listed = await host.run(['nft', 'list', 'tables'], { timeoutMs });
  return listed.stdout.split('\n').flatMap((line) => {
    const match = ownTables.exec(line.trim());
    return match?.[1] !== undefined && match[2] !== undefined ? [[match[1], match[2]] as const] : [];
  });
}

export interface IptablesLeftover {
  readonly table: string;
  /** Arguments of rules in others' chains that lead to ours, ready for -D. */
  readonly jumps: readonly (readonly string[])[];
  readonly chains: readonly string[];
}

/** Splits a line of iptables-save, where only texts with spaces are in double quotes. */
export function splitRule(line: string): readonly string[] {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'),
  );
}

/** What of an iptables-save output belongs to kube-proxy, the kubelet, flannel or the CNI plugins. */
export function parseIptables(text: string): readonly IptablesLeftover[] {
  const found: { table: string; jumps: (readonly string[])[]; chains: string[] }[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) found.push({ table: line.slice(1).trim(), jumps: [], chains: [] });
    const current = found[found.length - 1];
    if (current === undefined) continue;
    if (line.startsWith(':')) {
      const chain = line.slice(1).split(' ')[0] ?? '';
      if (ownChain.test(chain)) current.chains.push(chain);
    }
    if (line.startsWith('-A ')) {
      const words = splitRule(line);
      const target = words[words.findIndex((word) => word === '-j' || word === '-g') + 1] ?? '';
      if (!ownChain.test(words[1] ?? '') && ownChain.test(target)) current.jumps.push(words.slice(1));
    }
  }
  return found.filter(({ jumps, chains }) => jumps.length + chains.length > 0);
}

async function leftoversOf(host: Host, program: 'iptables' | 'ip6tables'): Promise<readonly IptablesLeftover[]> {
  if ((await host.which(`${program}-save`)) === undefined) return [];
  const all: IptablesLeftover[] = [];
  for (const table of iptablesTables) {
    const saved = await host.run([`${program}-save`, '-t', table], { timeoutMs });
    if (saved.exitCode === 0) all.push(...parseIptables(saved.stdout));
  }
  return all;
}

/** One readable line for each thing of ours that the packet filter still has. */
export async function firewallLeftovers(host: Host): Promise<readonly string[]> {
  const tables = (await ownNftTables(host)).map(([family, name]) => `nft table ${family} ${name}`);
  const chains: string[] = [];
  for (const program of ['iptables', 'ip6tables'] as const) {
    for (const { table, chains: own } of await leftoversOf(host, program))
      chains.push(...own.map((chain) => `${program} ${table} ${chain}`));
  }
  return [...tables, ...chains];
}

/** Removes our tables and chains, and the rules that lead to them; nobody else's. */
export async function clearFirewall(host: Host): Promise<void> {
  for (const [family, name] of await ownNftTables(host))
    await host.run(['nft', 'delete', 'table', family, name], { timeoutMs });
  for (const program of ['iptables', 'ip6tables'] as const) {
    for (const { table, jumps, chains } of await leftoversOf(host, program)) {
      const on = [program, '-w', '5', '-t', table] as const;
      for (const rule of jumps) await host.run([...on, '-D', ...rule], { timeoutMs });
      for (const chain of chains) await host.run([...on, '-F', chain], { timeoutMs });
      for (const chain of chains) await host.run([...on, '-X', chain], { timeoutMs });
    }
  }
}
