import type { Host } from '../../host/host.js';
import type { Step, StepContext } from '../step.js';

/** kube-proxy sets these when it starts. */
const sysctls = [
  'net.netfilter.nf_conntrack_max',
  'net.netfilter.nf_conntrack_tcp_timeout_established',
  'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
] as const;
const tables = ['ip', 'ip6'].flatMap((family) =>
  ['filter', 'nat', 'mangle', 'raw'].map((name) => [family, name] as const),
);

async function absentTables(host: Host): Promise<readonly (readonly [string, string])[]> {
  if ((await host.which('nft')) === undefined) return [];
  const listed = await host.run(['nft', 'list', 'tables'], { timeoutMs: 30_000 });
  if (listed.exitCode !== 0) return [];
  const there = listed.stdout.split('\n').map((line) => line.trim());
  return tables.filter(([family, name]) => !there.includes(`table ${family} ${name}`));
}

/** Before Kubernetes runs: remembers what its own programs change beside their directories, so that leaving puts it back. */
export const noteOthers: Step = {
  name: 'note-others',
  phase: 'prepare-host',
  deadlineMs: 60_000,
  // Known only before: once the others have run, there is nothing to find out any more.
  doneKey: ({ target }: StepContext) => target.nodeId,
  check: () => Promise.resolve('needed'),
  async apply({ host, changes }) {
    for (const key of sysctls) await changes.noteSysctl(key);
    await changes.noteAbsent('/run/xtables.lock', 'file');
    await changes.noteAbsent('/usr/lib/modules', 'empty-dir');
    for (const [family, name] of await absentTables(host)) await changes.noteTableAbsent(family, name);
  },
};
