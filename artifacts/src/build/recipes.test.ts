import { describe, expect, it } from 'vitest';
import { kubernetesVersion, kubernetesVersions } from '../catalog.js';
import { outputsOf, recipeHash, recipesOf } from './recipes.js';

const recipes = recipesOf(kubernetesVersion('v1.34.4'));

function recipe(component: string): (typeof recipes)[number] {
  const found = recipes.find((candidate) => candidate.component === component);
  if (!found) throw new Error(`no recipe of ${component}`);
  return found;
}

describe('recipes', () => {
  it('tell Kubernetes its version: without it kubeadm refuses to compare', () => {
    const kubernetes = recipe('kubernetes');
    expect(kubernetes.kind === 'go' && kubernetes.ldflags.join(' ')).toContain('version.gitVersion=v1.34.4');
    expect(kubernetes.kind === 'go' && kubernetes.ldflags.join(' ')).toContain('version.gitMinor=34');
  });

  it('make every program once', () => {
    const outputs = recipes.flatMap(outputsOf);
    expect(new Set(outputs).size).toBe(outputs.length);
    expect(outputs).toEqual(
      expect.arrayContaining(['kubelet', 'etcd', 'coredns', 'runc', 'flanneld', 'bridge', 'pause']),
    );
  });

  it('use C only where there is no other way', () => {
    expect(recipes.filter((one) => one.kind === 'go' && one.cgo === true).map(({ component }) => component)).toEqual([
      'runc',
    ]);
  });

  it('share what versions have in common, and nothing else', () => {
    const [first = [], second = []] = kubernetesVersions.map((version) => recipesOf(version).map(recipeHash));
    const shared = recipes
      .filter((_one, position) => first[position] === second[position])
      .map(({ component }) => component);
    expect(shared).toEqual(['etcd', 'containerd', 'flannel', 'runc', 'cni-plugins', 'pause']);
  });

  it('have a hash that changes with them', () => {
    const pause = recipe('pause');
    expect(recipeHash({ ...pause, version: '3.10.2' })).not.toBe(recipeHash(pause));
    expect(recipeHash({ ...pause })).toBe(recipeHash(pause));
    expect(recipeHash(pause)).toMatch(/^[0-9a-f]{12}$/);
  });
});
