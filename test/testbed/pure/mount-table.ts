export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly options: readonly string[];
}

/** Rows of /proc/self/mounts in mount order. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const [source, target, type, options] = line.split(' ').map(unescapeOctal);
    if (source === undefined || target === undefined || type === undefined || options === undefined) return [];
    return [{ source, target, type, options: options.split(',') }];
  });
}

/** Mounts at or below a directory, deepest and latest first: the order in which they can be taken down. */
export function mountsBelow(mounts: readonly Mount[], dir: string): Mount[] {
  return mounts.filter(({ target }) => target === dir || target.startsWith(`${dir}/`)).reverse();
}

export interface CgroupTree {
  readonly dir: string;
  readonly version: 1 | 2;
  /** For version 1, as in the second field of /proc/PID/cgroup (`cpu,cpuacct`, `name=systemd`); empty for version 2. */
  readonly controllers: string;
}

const V1_CONTROLLERS = [
  'cpuset',
  'cpu',
  'cpuacct',
  'blkio',
  'memory',
  'devices',
  'freezer',
  'net_cls',
  'perf_event',
  'net_prio',
  'hugetlb',
  'pids',
  'rdma',
  'misc',
];

/** The cgroup hierarchies of the host. One that is mounted twice is named once. */
export function cgroupTrees(mounts: readonly Mount[]): CgroupTree[] {
  const found = new Map<string, CgroupTree>();
  for (const { target, type, options } of mounts) {
    if (type !== 'cgroup' && type !== 'cgroup2') continue;
    const controllers = options
      .filter((option) => V1_CONTROLLERS.includes(option) || option.startsWith('name='))
      .join(',');
    const tree: CgroupTree =
      type === 'cgroup2' ? { dir: target, version: 2, controllers: '' } : { dir: target, version: 1, controllers };
    if (!found.has(tree.controllers)) found.set(tree.controllers, tree);
  }
  return [...found.values()];
}

/** Lines of /proc/PID/cgroup as controllers -> path. */
export function parseMembership(text: string): Map<string, string> {
  const rows = text.split('\n').flatMap((line) => {
    const match = /^\d+:([^:]*):(.*)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', match[2] ?? ''] as const];
  });
  return new Map(rows);
}

/** The kernel writes space, tab, newline and backslash as `\040` and so on. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}
