import { expect, test } from 'vitest';

import { cgroupTrees, mountsBelow, parseMembership, parseMounts } from './mount-table.js';

const MOUNTS = `/dev/vda / ext4 rw 0 0
/dev/loop0 /beds/demo/servers/a/disk ext4 rw 0 0
overlay /beds/demo/servers/a/root overlay rw,lowerdir=/base 0 0
tmpfs /beds/demo-two tmpfs rw 0 0
tmpfs /with\\040space tmpfs rw 0 0
`;

test('names are unescaped', () => {
  expect(parseMounts(MOUNTS).at(-1)?.target).toBe('/with space');
});

test('mounts below a directory come latest first, and a longer name beside it is not below', () => {
  expect(mountsBelow(parseMounts(MOUNTS), '/beds/demo').map(({ target }) => target)).toEqual([
    '/beds/demo/servers/a/root',
    '/beds/demo/servers/a/disk',
  ]);
});

test('hybrid host: version 1 hierarchies by their controllers, and version 2', () => {
  const trees = cgroupTrees(
    parseMounts(`tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,nsdelegate 0 0
cgroup2 /elsewhere cgroup2 rw 0 0
`),
  );
  expect(trees).toEqual([
    { dir: '/sys/fs/cgroup/cpu,cpuacct', version: 1, controllers: 'cpu,cpuacct' },
    { dir: '/sys/fs/cgroup/systemd', version: 1, controllers: 'name=systemd' },
    { dir: '/sys/fs/cgroup/unified', version: 2, controllers: '' },
  ]);
});

test('membership by controllers, with colons in names kept', () => {
  const membership = parseMembership('12:cpu,cpuacct:/a\n1:name=systemd:/b/x:y.scope\n0::/c\n');
  expect([...membership]).toEqual([
    ['cpu,cpuacct', '/a'],
    ['name=systemd', '/b/x:y.scope'],
    ['', '/c'],
  ]);
});
