/**
 * Moves itself into cgroups, then becomes the given command.
 * Usage: join.sh FILE... -- COMMAND [ARG...], where FILE is a cgroup.procs; writing 0 there moves the writer.
 */
export const JOIN_SCRIPT = `#!/bin/sh
set -u
while [ "$1" != -- ]; do
  echo 0 >"$1" || exit 125
  shift
done
shift
exec "$@"
`;

/**
 * Runs a command and gives its exit code. nsenter could fork by itself, but it stops when its child is stopped, and a shutdown
 * stops every process before it kills them: the dead child would never be reaped, and the server's init cannot end before.
 * Usage: wait.sh COMMAND [ARG...]
 */
export const WAIT_SCRIPT = `#!/bin/sh
"$@"
exit $?
`;

/**
 * What the first steps of a boot do with the root disk: one that takes no writes is repaired and mounted anew.
 * Usage: disk.sh IMAGE DISK ROOT DISK-OPTIONS OVERLAY-OPTIONS
 */
export const DISK_SCRIPT = `#!/bin/sh
set -u
image=$1
disk=$2
root=$3
if touch "$disk/.writable" 2>/dev/null; then
  rm -f "$disk/.writable"
  exit 0
fi
# An overlay holds on to the disk below it even when that is unmounted by name, and so does, for a moment, the boot that ended.
for try in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
  for mount in "$root" "$disk"; do
    mountpoint -q "$mount" && { umount "$mount" || break; }
  done
  [ -z "$(losetup --associated "$image")" ] && break
  sleep 0.2
done
e2fsck -p "$image"
[ $? -le 2 ] || exit 1
mount -t ext4 -o "$4" "$image" "$disk" && mount -t overlay overlay -o "$5" "$root"
`;

/**
 * Boots a server and boots it again after each reboot (exit code 133 of systemd-nspawn); any other end is the end.
 * Usage: keep.sh DIR MACHINE [CHECK...] -- COMMAND [ARG...]; CHECK runs before each boot.
 * DIR gets keeper.pid, nspawn.pid, exit-code and console.log.
 */
export const KEEP_SCRIPT = `#!/bin/sh
set -u
dir=$1
machine=$2
shift 2
check() { :; }
if [ "$1" != -- ]; then
  script=$1 a=$2 b=$3 c=$4 d=$5 e=$6
  shift 6
  check() { "$script" "$a" "$b" "$c" "$d" "$e" >>"$dir/console.log" 2>&1; }
fi
shift
echo $$ >"$dir/keeper.pid"
while :; do
  rm -rf "/run/systemd/nspawn/propagate/$machine"
  check
  "$@" </dev/null >>"$dir/console.log" 2>&1 &
  child=$!
  echo "$child" >"$dir/nspawn.pid.new"
  mv "$dir/nspawn.pid.new" "$dir/nspawn.pid"
  wait "$child"
  code=$?
  echo "$code" >"$dir/exit-code"
  [ "$code" = 133 ] || break
done
rm -f "$dir/nspawn.pid" "$dir/keeper.pid"
exit "$code"
`;

export interface LaunchPlan {
  readonly machine: string;
  readonly hostname: string;
  readonly bridge: string;
  readonly rootDir: string;
  /** Host directory -> directory in the server, writable. */
  readonly binds: readonly (readonly [string, string])[];
  /** The same for directories that the server may only read. */
  readonly readOnlyBinds: readonly (readonly [string, string])[];
}

/** The command that boots one server. Its environment needs SYSTEMD_NSPAWN_API_VFS_WRITABLE=1. */
export function planNspawnArgv(plan: LaunchPlan): string[] {
  return [
    'systemd-nspawn',
    '--quiet',
    `--directory=${plan.rootDir}`,
    `--machine=${plan.machine}`,
    `--hostname=${plan.hostname}`,
    '--settings=no',
    '--register=no',
    '--keep-unit',
    `--network-bridge=${plan.bridge}`,
    '--capability=all',
    '--system-call-filter=@known',
    '--private-users=no',
    '--link-journal=no',
    '--resolv-conf=off',
    '--timezone=off',
    '--bind=/dev/kmsg',
    ...plan.binds.map(([from, to]) => `--bind=${from}:${to}`),
    ...plan.readOnlyBinds.map(([from, to]) => `--bind-ro=${from}:${to}`),
    '--console=read-only',
    '--boot',
    // Its init tells the console what it starts, so that a boot that fails can be read.
    'systemd.show_status=yes',
  ];
}

export interface EnterPlan {
  /** Process id, on the host, of the server's init. */
  readonly leaderPid: number;
  /** Where {@link WAIT_SCRIPT} was written to, on the host. */
  readonly waitScript: string;
  readonly env: Readonly<Record<string, string>>;
  readonly argv: readonly string[];
}

/** The command that runs `argv` inside a server, with a clean environment, in its root directory. */
export function planEnterArgv(plan: EnterPlan): string[] {
  const clean = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    ...plan.env,
  };
  const pairs = Object.entries(clean).map(([name, value]) => `${name}=${value}`);
  const enter = ['nsenter', '--target', String(plan.leaderPid)];
  return [
    // Process numbers of the server count for the children of the waiting script, which itself stays outside.
    ...[...enter, '--pid', '--no-fork', '--', plan.waitScript],
    ...[...enter, '--mount', '--uts', '--ipc', '--net', '--cgroup', '--wd', '--'],
    ...['env', '-i', ...pairs, ...plan.argv],
  ];
}
