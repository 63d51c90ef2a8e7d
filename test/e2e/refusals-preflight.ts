import { expect } from 'vitest';
import type { Server } from '../testbed/index.js';
import { showFake } from './refusals-support.js';
import { until } from './support.js';

/** MemTotal in the shape of /proc/meminfo. */
export function fakeMeminfo(mib: number): string {
  return `MemTotal: ${mib * 1024} kB\nMemFree: ${mib * 512} kB\nMemAvailable: ${mib * 512} kB\n`;
}

/** One thing about a host that Kubernetes cannot live with. */
export interface PreflightCase {
  readonly what: string;
  readonly on: string;
  /** Makes the host so; gives the way back. */
  readonly prepare: (server: Server) => Promise<() => Promise<void>>;
  readonly code: string;
  readonly reason: RegExp;
  readonly remedy: RegExp;
}

const kubeletFiles = {
  '/etc/kubernetes/kubelet.conf': 'of another cluster\n',
  '/var/lib/kubelet/config.yaml': 'kind: KubeletConfiguration\n',
};
export const preflightCases: readonly PreflightCase[] = [
  {
    what: 'too little memory for a control plane',
    on: 'main',
    prepare: (on) => showFake(on, '/proc/meminfo', fakeMeminfo(1024)),
    code: 'MEMORY_LOW',
    reason: /1\.0 GiB|1 GiB|1024 MiB/,
    remedy: /more memory/,
  },
  {
    what: 'swap that is on',
    on: 'main',
    prepare: (on) =>
      showFake(on, '/proc/swaps', 'Filename Type Size Used Priority\n/dev/sda5 partition 2097152 0 -2\n'),
    code: 'SWAP_ON',
    reason: /\/dev\/sda5 \(2/,
    remedy: /swapoff/,
  },
  {
    what: "the kubelet's port in use",
    on: 'main',
    prepare: async (on) => {
      await on.execOk([
        'systemd-run',
        '--quiet',
        '--unit',
        'fake-listener',
        'socat',
        'TCP-LISTEN:10250,fork,reuseaddr',
        'SYSTEM:true',
      ]);
      await until('the fake listener listens', 10_000, async () =>
        (await on.execOk(['ss', '-ltn'])).includes(':10250 ') ? true : undefined,
      );
      return async () => {
        await on.execOk(['systemctl', 'stop', 'fake-listener']);
      };
    },
    code: 'PORT_IN_USE',
    reason: /10250\/tcp is held by socat \(pid \d+\)/,
    remedy: /Stop it/,
  },
  {
    what: 'the kubelet of another cluster',
    on: 'main',
    prepare: async (on) => {
      for (const [path, text] of Object.entries(kubeletFiles)) await on.writeFile(path, text, 0o600);
      return async () => {
        for (const [path, text] of Object.entries(kubeletFiles)) expect(await on.readFile(path)).toBe(text);
        await on.execOk(['rm', '-r', '/etc/kubernetes', '/var/lib/kubelet/config.yaml']);
      };
    },
    code: 'FOREIGN_CLUSTER',
    reason: /\/etc\/kubernetes\/kubelet\.conf is there/,
    remedy: /will not touch it/,
  },
  {
    what: 'a disk that is too small for Kubernetes',
    on: 'medium',
    prepare: async () => async () => undefined,
    code: 'DISK_SMALL',
    reason: /20 GB are needed/,
    remedy: /larger disk/,
  },
];
