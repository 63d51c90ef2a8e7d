import { expect, test } from 'vitest';

import { parseBedState, withServer, type BedState } from './bed-state.js';

const bed: BedState = {
  version: 1,
  name: 'demo',
  subnet: '10.77.0.0/24',
  baseDir: '/base',
  servers: [
    { name: 'alpha', address: '10.77.0.11', diskMiB: null, phase: 'made', partitions: [] },
    {
      name: 'bravo',
      address: '10.77.0.12',
      diskMiB: 256,
      phase: 'creating',
      partitions: [
        { from: ['alpha'], direction: 'in' },
        { from: 'host', direction: 'out', lossPercent: 20 },
      ],
    },
  ],
};

test('what is written is read back', () => {
  expect(parseBedState(JSON.stringify(bed))).toEqual(bed);
});

test.each([
  ['{', /not JSON/],
  ['[]', /bed must be an object/],
  [JSON.stringify({ ...bed, version: 2 }), /version must be 1/],
  [JSON.stringify({ ...bed, servers: {} }), /servers must be a list/],
  [JSON.stringify({ ...bed, subnet: 'x' }), /not a \/24/],
  [JSON.stringify({ ...bed, servers: [{ ...bed.servers[0], name: '../etc' }] }), /not a server name/],
  [JSON.stringify({ ...bed, servers: [{ ...bed.servers[0], phase: 'half' }] }), /phase/],
  [JSON.stringify({ ...bed, servers: [{ ...bed.servers[0], diskMiB: '1' }] }), /diskMiB/],
  [
    JSON.stringify({ ...bed, servers: [{ ...bed.servers[0], partitions: [{ from: 'x', direction: 'in' }] }] }),
    /from must be/,
  ],
  [
    JSON.stringify({ ...bed, servers: [{ ...bed.servers[0], partitions: [{ from: 'all', direction: 'up' }] }] }),
    /direction/,
  ],
  [
    JSON.stringify({
      ...bed,
      servers: [{ ...bed.servers[0], partitions: [{ from: 'all', direction: 'in', lossPercent: 100 }] }],
    }),
    /lossPercent/,
  ],
])('a damaged file is refused with the field at fault: %s', (text, message) => {
  expect(() => parseBedState(text)).toThrow(message);
});

test('a change touches one server only', () => {
  const changed = withServer(bed, 'bravo', { phase: 'made' });
  expect(changed.servers.map(({ phase }) => phase)).toEqual(['made', 'made']);
  expect(changed.servers[0]).toBe(bed.servers[0]);
});
