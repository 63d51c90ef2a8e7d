import { describe, expect, it } from 'vitest';
import { kubernetesVersion } from '../catalog.js';
import { defaultBases, parseChecksum, releasesOf } from './layout.js';

const hash = 'a'.repeat(64);
const other = 'b'.repeat(64);

describe('releasesOf', () => {
  it('knows the addresses of every project', () => {
    const urls = releasesOf(kubernetesVersion('v1.34.4'), 'arm64', defaultBases).map(({ url }) => url);
    expect(urls).toEqual([
      'https://dl.k8s.io/release/v1.34.4/bin/linux/arm64/kubeadm',
      'https://dl.k8s.io/release/v1.34.4/bin/linux/arm64/kubelet',
      'https://dl.k8s.io/release/v1.34.4/bin/linux/arm64/kubectl',
      'https://github.com/containerd/containerd/releases/download/v2.2.9/containerd-2.2.9-linux-arm64.tar.gz',
      'https://github.com/opencontainers/runc/releases/download/v1.3.6/runc.arm64',
      'https://github.com/containernetworking/plugins/releases/download/v1.9.1/cni-plugins-linux-arm64-v1.9.1.tgz',
      'https://github.com/kubernetes-sigs/cri-tools/releases/download/v1.34.0/crictl-v1.34.0-linux-arm64.tar.gz',
    ]);
  });
});

describe('parseChecksum', () => {
  it.each([
    ['a lone hash', hash, hash],
    ['a lone hash with a line end', `${hash}\n`, hash],
    ['a line of sha256sum', `${hash}  kubelet\n`, hash],
    ['a line of sha256sum in binary mode', `${hash} *kubelet\n`, hash],
    ['a name with a directory', `${hash}  _output/kubelet\n`, hash],
    ['the right line of several', `${other}  kubelet.sig\n${hash}  kubelet\n`, hash],
    ['only others', `${other}  kubeadm\n`, undefined],
    ['a page of a proxy', '<html>sign in</html>', undefined],
    ['a sha512', `${hash}${hash}  kubelet`, undefined],
    ['nothing', '', undefined],
  ])('%s', (_what, text, expected) => {
    expect(parseChecksum(text, 'kubelet')).toBe(expected);
  });
});
