import { expect, test } from 'vitest';

import { countLines, diffSnapshots, parseSnapshot, type Snapshot } from './snapshot-diff.js';

const before: Snapshot = {
  version: 1,
  server: 'alpha',
  sections: {
    files: { '/etc/hosts': 'file 1', '/opt/old': 'directory' },
    sysctls: { 'net.ipv4.ip_forward': '0' },
    units: {},
  },
};

test('the same server has no lines', () => {
  expect(diffSnapshots(before, structuredClone(before))).toEqual([]);
});

test('one readable line for each thing that came, went or changed', () => {
  const after: Snapshot = {
    ...before,
    sections: {
      files: { '/etc/hosts': 'file 2', '/opt/new': 'directory' },
      sysctls: { 'net.ipv4.ip_forward': '1' },
      units: { 'x.service': '' },
    },
  };
  expect(diffSnapshots(before, after)).toEqual([
    'files ~ /etc/hosts  file 1 -> file 2',
    'files + /opt/new  directory',
    'files - /opt/old  directory',
    'sysctls ~ net.ipv4.ip_forward  0 -> 1',
    'units + x.service',
  ]);
});

test('a section that only one side has is compared', () => {
  expect(diffSnapshots({ ...before, sections: {} }, { ...before, sections: { modules: { vxlan: '' } } })).toEqual([
    'modules + vxlan',
  ]);
});

test('equal lines are counted, empty ones are nothing', () => {
  expect(countLines(['a', '', 'b', 'a'])).toEqual({ a: '2 times', b: '' });
});

test('a stored snapshot is read back, other files are none', () => {
  expect(parseSnapshot(JSON.stringify(before))).toEqual(before);
  for (const text of [
    '',
    '{}',
    '[]',
    '{"version":1,"server":"a","sections":{"files":{"x":1}}}',
    '{"version":2,"server":"a","sections":{}}',
  ]) {
    expect(parseSnapshot(text)).toBeNull();
  }
});
