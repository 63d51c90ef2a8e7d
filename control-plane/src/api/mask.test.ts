import fc from 'fast-check';
import { ClusterSpec, HealthPolicy, MachineSelector, NodePoolSpec, NodeTemplate } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { clusterPaths, maskedCluster, maskedPool, parseMask, poolPaths } from './mask.js';

const stored = NodePoolSpec.create({
  role: 1,
  size: 3,
  selector: MachineSelector.create({ arch: 'amd64', minCpus: 2 }),
  template: NodeTemplate.create({ kubernetesVersion: 'v1.34.4', labels: { a: '1' } }),
  health: HealthPolicy.create({ maxUnhealthy: '20%', rebootAllowed: true }),
});
const wanted = NodePoolSpec.create({
  size: 9,
  selector: MachineSelector.create({ arch: 'arm64' }),
  template: NodeTemplate.create({ labels: { b: '2' }, maxPods: 50 }),
  health: HealthPolicy.create({ maxUnhealthy: '1', rebootAllowed: false }),
});
const paths = (...mask: string[]) => parseMask(mask, ['labels', ...poolPaths]);

describe('a mask', () => {
  it('is read in both spellings, with or without spec', () => {
    expect(paths('spec.template.kubernetes_version', 'drainTimeout')).toEqual([
      'template.kubernetesVersion',
      'drainTimeout',
    ]);
    expect(parseMask(undefined, [])).toEqual([]);
  });

  it('that names what there is not is refused, each path with what was probably meant', () => {
    expect(() => paths('siez', 'template.lables', 'zzzzzzzz')).toThrow(
      /"siez".*did you mean size\?; .*"template\.lables".*did you mean template\.labels\?; .*"zzzzzzzz".*there is labels/,
    );
    fc.assert(
      fc.property(fc.string(), (path) => {
        try {
          expect(poolPaths).toContain(paths(path)[0]);
        } catch (error) {
          expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', violations: [{ field: 'update_mask' }] });
        }
      }),
    );
  });
});

describe('a pool under a mask', () => {
  it('takes exactly the fields that are named', () => {
    const spec = maskedPool(stored, wanted, paths('selector.arch', 'template.labels', 'health.reboot_allowed'));
    expect(spec).toEqual({
      ...stored,
      selector: { ...stored.selector, arch: 'arm64' },
      template: { ...stored.template, labels: { b: '2' } },
      health: { ...stored.health, rebootAllowed: false },
    });
    // Unsetting is a change too: the pool becomes open.
    expect(maskedPool(stored, undefined, paths('size')).size).toBeUndefined();
    expect(maskedPool(stored, wanted, paths('update.max_surge')).update?.maxSurge).toBe('');
  });

  it('keeps everything else, whatever is named', () => {
    fc.assert(
      fc.property(fc.subarray([...poolPaths]), (mask) => {
        const spec = maskedPool(stored, wanted, paths(...mask));
        if (mask.length === 0) return;
        for (const field of Object.keys(stored) as (keyof NodePoolSpec)[]) {
          if (!mask.some((path) => path.split('.')[0] === field)) expect(spec[field]).toEqual(stored[field]);
        }
      }),
    );
  });

  it('without a mask is the wanted one, with the version it has', () => {
    const spec = maskedPool(stored, wanted, []);
    expect(spec).toMatchObject({ role: 1, size: 9, template: { kubernetesVersion: 'v1.34.4', maxPods: 50 } });
  });
});

describe('a cluster under a mask', () => {
  const before = ClusterSpec.create({ podCidr: '10.0.0.0/8', endpoint: 'a:1', availability: 1 });

  it('keeps what is left empty when nothing is named, and empties what is named', () => {
    expect(maskedCluster(before, ClusterSpec.create({ availability: 2 }), [])).toEqual({ ...before, availability: 2 });
    expect(maskedCluster(before, undefined, ['endpoint'])).toEqual({ ...before, endpoint: '' });
    expect(clusterPaths).toContain('cniSettings');
  });
});
