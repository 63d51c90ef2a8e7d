import { describe, expect, it } from 'vitest';
import { imagesOf, kubernetesVersion, kubernetesVersions } from './catalog.js';
import { isKubernetesVersion } from './manifest.js';
import { checkControlPlaneUpgrade } from './skew.js';
import { containing, errorWith } from './test-support/builders.js';

describe('catalogue', () => {
  it('has 1.34 and 1.35, each a version, newest last, reachable one from the other', () => {
    const versions = kubernetesVersions.map(({ version }) => version);
    expect(versions.every(isKubernetesVersion)).toBe(true);
    expect(versions.some((version) => version.startsWith('v1.34.'))).toBe(true);
    expect(versions.some((version) => version.startsWith('v1.35.'))).toBe(true);
    for (const [position, version] of versions.entries()) {
      const next = versions[position + 1];
      if (next !== undefined) expect(checkControlPlaneUpgrade(version, next)).toEqual({ ok: true });
    }
  });

  it('names what there is when asked for what there is not', () => {
    expect(() => kubernetesVersion('v1.20.0')).toThrow(
      errorWith({ code: 'KUBERNETES_VERSION_UNKNOWN', remedy: containing('v1.34.4') }),
    );
  });
});

describe('imagesOf', () => {
  /** Printed by `kubeadm config images list --kubernetes-version …` of these versions. */
  const kubeadmImages: Readonly<Record<string, string[]>> = {
    'v1.34.4': [
      'registry.k8s.io/kube-apiserver:v1.34.4',
      'registry.k8s.io/kube-controller-manager:v1.34.4',
      'registry.k8s.io/kube-scheduler:v1.34.4',
      'registry.k8s.io/kube-proxy:v1.34.4',
      'registry.k8s.io/coredns/coredns:v1.12.1',
      'registry.k8s.io/pause:3.10.1',
      'registry.k8s.io/etcd:3.6.5-0',
    ],
    'v1.35.4': [
      'registry.k8s.io/kube-apiserver:v1.35.4',
      'registry.k8s.io/kube-controller-manager:v1.35.4',
      'registry.k8s.io/kube-scheduler:v1.35.4',
      'registry.k8s.io/kube-proxy:v1.35.4',
      'registry.k8s.io/coredns/coredns:v1.13.1',
      'registry.k8s.io/pause:3.10.1',
      'registry.k8s.io/etcd:3.6.6-0',
    ],
  };

  it.each(Object.entries(kubeadmImages))('%s has the names kubeadm asks for', (version, expected) => {
    const images = imagesOf(kubernetesVersion(version)).map(({ image }) => image);
    expect(images.filter((image) => image.startsWith('registry.k8s.io/')).sort()).toEqual([...expected].sort());
  });

  it('gives workers only what runs on workers', () => {
    const forWorkers = imagesOf(kubernetesVersion('v1.34.4')).filter(({ neededBy }) => neededBy.includes('worker'));
    expect(forWorkers.map(({ name }) => name)).toEqual([
      'image-kube-proxy',
      'image-coredns',
      'image-pause',
      'image-flannel',
    ]);
  });
});
