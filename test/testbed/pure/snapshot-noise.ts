/**
 * What changes on a server that nobody touches. Each line says whose it is; nothing that a product could own belongs here.
 * A trailing slash takes the directory's content and leaves the directory itself in the comparison.
 */
const NOISY_PATHS: readonly string[] = [
  '/proc/', // the kernel's own views
  '/sys/',
  '/dev/',
  '/var/log/journal/', // the system log grows by itself
  '/run/log/journal/',
  '/var/log/wtmp', // each boot is written down
  '/var/log/lastlog',
  '/var/log/btmp',
  '/run/utmp',
  '/var/lib/systemd/random-seed', // renewed at each boot
  '/var/lib/systemd/timers/', // time stamps of systemd's own timers
  '/var/lib/systemd/catalog/',
  '/run/systemd/', // systemd's view of running units; units themselves are compared as units
  '/run/udev/',
  '/run/dbus/',
  '/run/credentials/',
  '/run/host/', // what systemd-nspawn shows of the host
  '/run/mount/',
  '/run/lock/',
  '/run/user/',
  '/var/tmp/', // private directories of units, named by chance
  '/tmp/',
  '/etc/.updated', // systemd's mark of an offline update
  '/var/.updated',
  '/etc/ld.so.cache', // rebuilt after each boot of a new image
  '/var/cache/ldconfig/',
];

const EXACT = new Set(NOISY_PATHS.filter((path) => !path.endsWith('/')));
const TREES = NOISY_PATHS.filter((path) => path.endsWith('/'));

export function isNoisyPath(path: string): boolean {
  return EXACT.has(path) || TREES.some((tree) => path.startsWith(tree));
}

/** Settings that count, measure or name, and per-interface copies: the interface itself is compared. */
const NOISY_SYSCTLS: readonly RegExp[] = [
  /^kernel\.(random|pty|ns_last_pid|hostname|domainname|sched_domain|tainted|cad_pid|firmware_config|acct|usermodehelper)/,
  /^fs\.(binfmt_misc|mqueue|quota|file-nr|dentry|inode|aio-nr|xfs)/,
  /^vm\.(stat_refresh|numa_stat|lowmem_reserve_ratio)/,
  /^net\.(netfilter\.nf_conntrack_count|ipv4\.(tcp_fastopen_key|route)|core\.(flow_limit|rps))/,
  /^net\.ipv6\.(conf\.[^.]+\.stable_secret|route)/,
  /^net\.ipv[46]\.(conf|neigh)\.(?!(all|default|lo|eth0)\.)/,
  /^(abi|debug|dev|sunrpc|user)\./,
];

export function isNoisySysctl(key: string): boolean {
  return NOISY_SYSCTLS.some((pattern) => pattern.test(key));
}

/** Units that systemd makes by itself for what it finds mounted, plugged in or logged in. */
export function isNoisyUnit(name: string): boolean {
  return (
    /\.(device|scope|slice|swap)$/.test(name) ||
    /^(user@|user-runtime-dir@|run-credentials|proc-sys-fs-binfmt)/.test(name)
  );
}

export function isNoisyMount(target: string): boolean {
  return /^\/(proc|sys|dev)(\/|$)/.test(target) || /^\/run\/(credentials|host|systemd|user)(\/|$)/.test(target);
}
