import { dnsLabelProblem, formatBytes, formatDuration } from '@flotilla/kit';
import { fine, problem, warning, type PreflightCheck } from './check.js';

const mib = 1024 * 1024;
const kernelMin = [5, 13] as const;
const skewMsMax = 5 * 60_000;

export const root: PreflightCheck = {
  name: 'root',
  async run({ host }) {
    const uid = /^Uid:\s+\d+\s+(\d+)/m.exec((await host.read('/proc/self/status')) ?? '')?.[1];
    return uid === '0'
      ? fine
      : problem('NOT_ROOT', `the agent runs as user ${uid ?? '?'}`, 'Run it as root: sudo flotilla-agent …');
  },
};

export const os: PreflightCheck = {
  name: 'os',
  async run({ host }) {
    const text = (await host.read('/etc/os-release')) ?? (await host.read('/usr/lib/os-release')) ?? '';
    const id = /^ID="?([^"\n]*)/m.exec(text)?.[1] ?? 'unknown';
    const family = ` ${id} ${/^ID_LIKE="?([^"\n]*)/m.exec(text)?.[1] ?? ''} `;
    if (/ (debian|ubuntu|rhel|fedora|centos|amzn|suse|opensuse|flatcar) /.test(family)) return fine;
    return warning(
      'OS_UNTESTED',
      `${id} was not tested with Flotilla`,
      'Expect it to work where systemd, glibc and nftables are; tell us how it went.',
    );
  },
};

export const systemd: PreflightCheck = {
  name: 'systemd',
  async run({ host }) {
    if (await host.exists('/run/systemd/system')) return fine;
    return problem(
      'SYSTEMD_MISSING',
      'systemd does not manage this host',
      'Use a distribution that boots with systemd.',
    );
  },
};

export const cgroup: PreflightCheck = {
  name: 'cgroup',
  async run({ host, facts }) {
    if (facts.cgroupVersion === 1) {
      return warning(
        'CGROUP_V1',
        'this host has cgroup v1, which Kubernetes is giving up; Flotilla tells the kubelet to accept it',
        'Boot with systemd.unified_cgroup_hierarchy=1 when you can.',
      );
    }
    if (facts.cgroupVersion === 0) {
      return problem(
        'CGROUP_MISSING',
        'no cgroup hierarchy is mounted at /sys/fs/cgroup',
        'Boot with systemd.unified_cgroup_hierarchy=1.',
      );
    }
    const controllers = ((await host.read('/sys/fs/cgroup/cgroup.controllers')) ?? '').trim().split(' ');
    const missing = ['cpu', 'cpuset', 'memory', 'pids'].filter((name) => !controllers.includes(name));
    if (missing.length === 0) return fine;
    return problem(
      'CGROUP_CONTROLLERS',
      `cgroup v2 lacks the controllers ${missing.join(', ')}`,
      'Use a kernel that has them, or remove cgroup_disable= from its command line.',
    );
  },
};

export const kernel: PreflightCheck = {
  name: 'kernel',
  run({ facts }) {
    const [major = 0, minor = 0] = facts.kernel.split(/[.-]/).map(Number);
    const enough = major > kernelMin[0] || (major === kernelMin[0] && minor >= kernelMin[1]);
    if (enough) return Promise.resolve(fine);
    const wanted = kernelMin.join('.');
    return Promise.resolve(
      problem(
        'KERNEL_TOO_OLD',
        `the kernel is ${facts.kernel}; Services need nftables of ${wanted} or newer`,
        `Upgrade the kernel to ${wanted} or newer and reboot.`,
      ),
    );
  },
};

export const memory: PreflightCheck = {
  name: 'memory',
  run({ facts, controlPlane }) {
    const neededMib = controlPlane ? 1700 : 2048;
    // A "2 GiB" machine shows a little less: firmware and kernel take their part first.
    if (facts.memoryBytes >= neededMib * mib * 0.9) return Promise.resolve(fine);
    return Promise.resolve(
      problem(
        'MEMORY_LOW',
        `${formatBytes(facts.memoryBytes)} of memory; ${formatBytes(neededMib * mib)} are needed`,
        'Give the machine more memory, or use another one.',
      ),
    );
  },
};

export const cpus: PreflightCheck = {
  name: 'cpus',
  run({ facts, controlPlane }) {
    const needed = controlPlane ? 2 : 1;
    if (facts.cpus >= needed) return Promise.resolve(fine);
    return Promise.resolve(
      problem(
        'CPUS_LOW',
        `${facts.cpus} cpu; a control plane needs ${needed}`,
        'Give the machine more cpus, or use another one.',
      ),
    );
  },
};

export const hostname: PreflightCheck = {
  name: 'hostname',
  run({ facts, target }) {
    const name = target?.nodeName ?? facts.hostname.toLowerCase();
    if (facts.hostname === 'localhost' || facts.hostname === '') {
      return Promise.resolve(
        problem(
          'HOSTNAME_INVALID',
          `the host is called "${facts.hostname}"`,
          'Give it a name of its own: sudo hostnamectl set-hostname NAME',
        ),
      );
    }
    const why = dnsLabelProblem(name.split('.')[0] ?? '');
    if (why === undefined) return Promise.resolve(fine);
    return Promise.resolve(
      problem('HOSTNAME_INVALID', `the name ${name} ${why}`, 'Rename the host: sudo hostnamectl set-hostname NAME'),
    );
  },
};

export const machineId: PreflightCheck = {
  name: 'machine-id',
  async run({ host }) {
    const id = (await host.read('/etc/machine-id'))?.trim() ?? '';
    if (/^[0-9a-f]{32}$/.test(id)) return fine;
    return problem('MACHINE_ID_MISSING', '/etc/machine-id is missing or empty', 'Run: sudo systemd-machine-id-setup');
  },
};

export const clock: PreflightCheck = {
  name: 'clock',
  run({ clockSkewMs }) {
    if (clockSkewMs === undefined || Math.abs(clockSkewMs) <= skewMsMax) return Promise.resolve(fine);
    const direction = clockSkewMs > 0 ? 'ahead of' : 'behind';
    return Promise.resolve(
      problem(
        'CLOCK_SKEW',
        `the clock of this host is ${formatDuration(Math.abs(clockSkewMs))} ${direction} the control plane's; at most 5m is allowed`,
        'Set the clock: sudo timedatectl set-ntp true (or install chrony).',
      ),
    );
  },
};
