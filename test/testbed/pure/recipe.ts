import { createHash } from 'node:crypto';

/** What a small real server has. Nothing of Kubernetes: no Node.js, containerd or kubelet. runc comes with the base, as a stand-in for a site without one. */
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'dbus',
  'iproute2',
  'iptables',
  'nftables',
  'conntrack',
  'ethtool',
  'socat',
  'kmod',
  'procps',
  'ca-certificates',
  'curl',
  'util-linux',
  'mount',
  'ebtables',
  'runc',
  'hostname',
  'iputils-ping',
] as const;

/** Background noise of a desktop-like install: it would move files under a comparison of before and after. */
const MASKED_UNITS = [
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'console-getty.service',
  'dpkg-db-backup.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty.target',
  'systemd-tmpfiles-clean.timer',
] as const;

export interface RecipeFile {
  readonly path: string;
  readonly mode: number;
  readonly text: string;
}

export interface Recipe {
  readonly distribution: string;
  readonly suite: string;
  readonly components: readonly string[];
  readonly packages: readonly string[];
  readonly files: readonly RecipeFile[];
  /** Symbolic links: path -> target. */
  readonly links: Readonly<Record<string, string>>;
}

/** Everything that decides what the shared lower layer holds. */
export function baseRecipe(distribution: string, suite: string): Recipe {
  const wanted = '/etc/systemd/system/multi-user.target.wants/testbed-network.service';
  return {
    distribution,
    suite,
    components: distribution === 'ubuntu' ? ['main', 'universe'] : ['main'],
    packages: PACKAGES,
    files: [
      { path: '/usr/lib/testbed/prepare', mode: 0o755, text: PREPARE },
      { path: '/etc/systemd/system/testbed-prepare.service', mode: 0o644, text: PREPARE_UNIT },
      { path: '/etc/systemd/system/testbed-network.service', mode: 0o644, text: NETWORK_UNIT },
      { path: '/etc/systemd/system.conf.d/testbed.conf', mode: 0o644, text: '[Manager]\nDefaultTimeoutStopSec=10s\n' },
      { path: '/etc/hosts', mode: 0o644, text: '127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n' },
      { path: '/etc/fstab', mode: 0o644, text: '# nothing is mounted by this server itself\n' },
    ],
    links: {
      '/etc/systemd/system/sysinit.target.wants/testbed-prepare.service': '/etc/systemd/system/testbed-prepare.service',
      [wanted]: '/etc/systemd/system/testbed-network.service',
      ...Object.fromEntries(MASKED_UNITS.map((unit) => [`/etc/systemd/system/${unit}`, '/dev/null'])),
    },
  };
}

/** Name of the cached base: another recipe gets another directory, so a stale base is never used. */
export function baseName(recipe: Recipe): string {
  const hash = createHash('sha256').update(JSON.stringify(recipe)).digest('hex').slice(0, 12);
  return `${recipe.distribution}-${recipe.suite}-${hash}`;
}

/** A container manager leaves these read-only or inherited; a server of its own has them writable and at the kernel's default. */
const PREPARE = `#!/bin/sh
set -u
mount --make-rshared /
for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
  mountpoint -q "$tree" && mount -o remount,bind,rw "$tree"
done
mount -o remount,bind,rw /proc/sys
for key in net/ipv4/ip_forward net/ipv6/conf/all/forwarding; do
  [ -e "/proc/sys/$key" ] && echo 0 >"/proc/sys/$key"
done
exit 0
`;

/** Before systemd-sysctl: what a product wrote to /etc/sysctl.d wins over the default set here. */
const PREPARE_UNIT = `[Unit]
Description=Make this machine behave like a server of its own
DefaultDependencies=no
Before=sysinit.target systemd-sysctl.service local-fs-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/testbed/prepare
`;

const NETWORK_UNIT = `[Unit]
Description=Address and default route of this server
DefaultDependencies=no
After=testbed-prepare.service systemd-sysctl.service
Before=network.target network-online.target
Wants=network.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/default/testbed-network
ExecStart=-/usr/sbin/ip link set dev host0 name eth0
ExecStart=/usr/sbin/ip address replace \${ADDRESS} dev eth0
ExecStart=/usr/sbin/ip link set dev lo up
ExecStart=/usr/sbin/ip link set dev eth0 up
ExecStart=/usr/sbin/ip route replace default via \${GATEWAY}

[Install]
WantedBy=multi-user.target
`;
