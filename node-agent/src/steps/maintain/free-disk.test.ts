import { describe, expect, it } from 'vitest';
import { failed, FakeHost, ok } from '../../host/fake-host.js';
import { freeDisk, parseImages } from './free-disk.js';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const line = (ref: string, letter: string, labels = '-'): string =>
  `${ref}   application/vnd.oci.image.manifest.v1+json   ${digest(letter)} 3.1 MiB   linux/amd64   ${labels}`;

const images = [
  'REF TYPE DIGEST SIZE PLATFORMS LABELS',
  line('registry.k8s.io/kube-proxy:v1.34.4', 'a'),
  line(digest('9'), 'a', 'io.cri-containerd.image=managed'),
  line('registry.k8s.io/pause:3.10.1', 'b', 'io.cri-containerd.pinned=pinned'),
  line('example.com/web:2', 'c'),
  line(digest('8'), 'c'),
  line('example.com/web:1', 'd'),
  line(digest('7'), 'd'),
  line('example.com/tool:1', 'e'),
].join('\n');
const containers = 'CONTAINER IMAGE RUNTIME\nabc   sha256:' + '8'.repeat(64) + '   io.containerd.runc.v2\n';

function aHost(containerText = containers): FakeHost {
  const host = new FakeHost({
    '/opt/flotilla/kubernetes/v1.34.4/bin/kubelet': '',
    '/opt/flotilla/kubernetes/v1.33.1/bin/kubelet': '',
    '/opt/flotilla/0.1.0/agent.cjs': '',
    '/opt/flotilla/0.2.0/agent.cjs': '',
    '/opt/flotilla/0.3.0/agent.cjs': '',
    '/opt/flotilla/notes.txt': 'of a person',
    '/var/lib/flotilla-agent/downloads/x.tar': '',
  });
  host.link('/opt/flotilla/current', '/opt/flotilla/0.3.0');
  host.programs.push((argv) => {
    const words = argv.join(' ');
    if (words.endsWith('images ls')) return { ...ok, stdout: images };
    if (words.endsWith('containers ls')) return { ...ok, stdout: containerText };
    return ok;
  });
  return host;
}

const input = (host: FakeHost) => ({
  host,
  stateDir: '/var/lib/flotilla-agent',
  protectedImages: ['registry.k8s.io/kube-proxy:v1.34.4'],
  keptVersions: ['v1.34.4'],
});

describe('freeing disk space', () => {
  it('fault 19: only images that nothing uses go: not those of the manifest, in use under any name, or pinned', async () => {
    const host = aHost();
    const freed = await freeDisk(input(host));
    expect(freed.images).toEqual(['example.com/web:1', digest('7'), 'example.com/tool:1']);
    const removals = host.ran.filter((argv) => argv.includes('rm'));
    expect(removals).toEqual([expect.arrayContaining(['rm', '--sync', ...freed.images])]);
  });

  it('of our own files only downloads and versions that nobody needs, and nothing of a person', async () => {
    const host = aHost();
    const freed = await freeDisk(input(host));
    expect(freed.directories).toEqual([
      '/var/lib/flotilla-agent/downloads',
      '/opt/flotilla/kubernetes/v1.33.1',
      '/opt/flotilla/0.1.0',
    ]);
    for (const path of ['/opt/flotilla/notes.txt', '/opt/flotilla/0.2.0', '/opt/flotilla/kubernetes/v1.34.4'])
      expect(host.entries.has(path), path).toBe(true);
  });

  it('when containerd does not say what is in use, no image is removed', async () => {
    const host = aHost();
    host.programs.unshift((argv) =>
      argv.join(' ').endsWith('containers ls') ? failed('deadline exceeded') : undefined,
    );
    await expect(freeDisk(input(host))).rejects.toMatchObject({ code: 'RUNTIME_FAILED' });
    expect(host.ran.filter((argv) => argv.includes('rm'))).toEqual([]);
  });

  it('a line that is not understood is left alone', () => {
    expect(parseImages(['rubbish', line('x:1', 'f')])).toEqual([{ ref: 'x:1', digest: digest('f'), pinned: false }]);
  });
});
