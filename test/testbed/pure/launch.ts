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
 * Boots a server and boots it again after each reboot (exit code 133 of systemd-nspawn); any other end is the end.
 * Usage: keep.sh DIR MACHINE COMMAND [ARG...]; DIR gets keeper.pid, nspawn.pid, exit-code and console.log.
 */
export const KEEP_SCRIPT = `#!/bin/sh
set -u
dir=$1
machine=$2
shift 2
echo $$ >"$dir/keeper.pid"
while :; do
  rm -rf "/run/systemd/nspawn/propagate/$machine"
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
    '--console=pipe',
    '--boot',
  ];
}

/** The command that runs `argv` inside the server whose init is `leaderPid`, with a clean environment. */
export function planEnterArgv(
  leaderPid: number,
  env: Readonly<Record<string, string>>,
  argv: readonly string[],
): string[] {
  const clean = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/root',
    LANG: 'C.UTF-8',
    ...env,
  };
  const pairs = Object.entries(clean).map(([name, value]) => `${name}=${value}`);
  return [
    'nsenter',
    '--target',
    String(leaderPid),
    '--mount',
    '--uts',
    '--ipc',
    '--net',
    '--pid',
    '--cgroup',
    '--wd',
    '--',
    'env',
    '-i',
    ...pairs,
    ...argv,
  ];
}
