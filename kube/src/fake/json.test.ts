import { expect, test } from 'vitest';
import { leaves, mergePatch, removeLeaf, strategicPatch, valueAt } from './json.js';

test('a merge patch sets, removes by null, and takes lists as one value', () => {
  expect(mergePatch({ a: { b: 1, c: 2 }, l: [1] }, { a: { b: null, d: 3 }, l: [2] })).toEqual({
    a: { c: 2, d: 3 },
    l: [2],
  });
});

test('a strategic patch merges known lists by their key, and deletes when told', () => {
  const conditions = [
    { type: 'Ready', status: 'False' },
    { type: 'Disk', status: 'False' },
  ];
  const patch = {
    conditions: [
      { type: 'Ready', status: 'True' },
      { type: 'Disk', $patch: 'delete' },
    ],
    taints: [{ key: 'b' }],
  };
  expect(strategicPatch({ conditions, taints: [{ key: 'a' }] }, patch)).toEqual({
    conditions: [{ type: 'Ready', status: 'True' }],
    taints: [{ key: 'b' }],
  });
});

test('leaves are found and removed by path, slashes in names included', () => {
  const object = { metadata: { labels: { 'a/b': 'x' } }, spec: { list: [1] } };
  expect([...leaves(object).keys()]).toEqual(['/metadata/labels/a~1b', '/spec/list']);
  removeLeaf(object, '/metadata/labels/a~1b');
  expect(object.metadata.labels).toEqual({});
  expect(valueAt(object, 'spec.list')).toEqual([1]);
});
