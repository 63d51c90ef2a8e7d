import { expect, test } from 'vitest';

import { isNoisyMount, isNoisyPath, isNoisySysctl, isNoisyUnit } from './snapshot-noise.js';

test('what a product could own is never noise', () => {
  for (const path of [
    '/etc/hosts',
    '/opt/flotilla',
    '/var/lib/kubelet/config.yaml',
    '/run/containerd',
    '/var/log/pods',
    '/run/lock',
    '/etc/systemd/system/x.service',
  ]) {
    expect([path, isNoisyPath(path)]).toEqual([path, false]);
  }
  for (const key of [
    'net.ipv4.ip_forward',
    'net.bridge.bridge-nf-call-iptables',
    'vm.overcommit_memory',
    'kernel.panic',
    'fs.inotify.max_user_watches',
    'net.ipv4.conf.all.rp_filter',
  ]) {
    expect([key, isNoisySysctl(key)]).toEqual([key, false]);
  }
  expect(['kubelet.service', 'flotilla-agent.service', 'kubepods.target'].filter(isNoisyUnit)).toEqual([]);
  expect(['/var/lib/kubelet/pods/x', '/run/netns/y', '/opt'].filter(isNoisyMount)).toEqual([]);
});

test('what moves by itself is noise', () => {
  expect(isNoisyPath('/var/log/journal/x/system.journal')).toBe(true);
  expect(isNoisyPath('/var/log/journal')).toBe(false);
  expect(isNoisySysctl('kernel.random.entropy_avail')).toBe(true);
  expect(isNoisySysctl('net.ipv4.conf.veth12.rp_filter')).toBe(true);
  expect(isNoisyUnit('session-3.scope')).toBe(true);
  expect(isNoisyMount('/proc/sys/kernel/random/boot_id')).toBe(true);
});
