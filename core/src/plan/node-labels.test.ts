import { Taint } from '@flotilla/proto';
import { describe, expect, test } from 'vitest';
import { managedLabelsKey, managedTaintsKey, planNodePatch, type LabelledNode } from './node-labels.js';

const node = (over: Partial<LabelledNode> = {}): LabelledNode => ({ labels: {}, annotations: {}, taints: [], ...over });
const notReady = { key: 'node.kubernetes.io/not-ready', value: '', effect: 'NoSchedule' };
const gpu = Taint.create({ key: 'gpu', value: 'a', effect: 'NoSchedule' });

/** What the node is after the patch. */
function patched(before: LabelledNode, labels: Record<string, string>, taints: readonly Taint[]): LabelledNode {
  const patch = planNodePatch(before, labels, taints);
  if (patch === undefined) return before;
  const next: Record<string, string> = { ...before.labels };
  for (const [key, value] of Object.entries(patch.labels)) {
    if (value === null) delete next[key];
    else next[key] = value;
  }
  return {
    labels: next,
    annotations: { ...before.annotations, ...patch.annotations },
    taints: patch.taints ?? before.taints,
  };
}

describe('labels and taints of a node', () => {
  test('are put on, kept, and taken away again, beside those of others', () => {
    const first = patched(node({ labels: { mine: '1' }, taints: [notReady] }), { a: '1', b: '2' }, [gpu]);
    expect(first.labels).toEqual({ mine: '1', a: '1', b: '2' });
    expect(first.taints).toEqual([notReady, { key: 'gpu', value: 'a', effect: 'NoSchedule' }]);
    expect(planNodePatch(first, { a: '1', b: '2' }, [gpu])).toBeUndefined();
    const second = patched(first, { b: '3' }, []);
    expect(second.labels).toEqual({ mine: '1', b: '3' });
    expect(second.taints).toEqual([notReady]);
    expect(second.annotations).toEqual({ [managedLabelsKey]: 'b', [managedTaintsKey]: '' });
  });

  test('a changed value of a taint replaces it', () => {
    const before = patched(node(), {}, [gpu]);
    expect(patched(before, {}, [{ ...gpu, value: 'b' }]).taints).toEqual([
      { key: 'gpu', value: 'b', effect: 'NoSchedule' },
    ]);
  });
});
