import { join } from 'node:path';
import type { TarEntry } from '../adapters/tar.js';
import { imagesOf, type CatalogImage, type KubernetesVersion } from '../catalog.js';
import { fileEntry, type ImageSpec } from '../image/docker-archive.js';
import type { Architecture } from '../manifest.js';

/** Where the compiled programs of each component are. */
export type OutputDirs = Readonly<Record<string, string>>;

/** An image to make and what the manifest says of it. */
export interface PlannedImage extends CatalogImage {
  readonly spec: ImageSpec;
}

/** Program of the image, where it is in the image, and whether it needs the packet filter's tools. */
interface Layout {
  readonly component: string;
  readonly programs: readonly { readonly output: string; readonly path: string }[];
  readonly networkTools?: boolean;
}

/** Paths follow the upstream images: kubeadm's and flannel's manifests call programs by them. */
function layoutOf(name: string): Layout {
  const inPath = (component: string, ...outputs: string[]): Layout => ({
    component,
    programs: outputs.map((output) => ({ output, path: `usr/local/bin/${output}` })),
  });
  switch (name) {
    case 'image-etcd':
      return inPath('etcd', 'etcd', 'etcdctl', 'etcdutl');
    case 'image-coredns':
      return { component: 'coredns', programs: [{ output: 'coredns', path: 'coredns' }] };
    case 'image-pause':
      return { component: 'pause', programs: [{ output: 'pause', path: 'pause' }] };
    case 'image-flannel':
      return {
        component: 'flannel',
        programs: [{ output: 'flanneld', path: 'opt/bin/flanneld' }],
        networkTools: true,
      };
    case 'image-kube-proxy':
      return { ...inPath('kubernetes', 'kube-proxy'), networkTools: true };
    default:
      return inPath('kubernetes', name.slice('image-'.length));
  }
}

/** All images of a version, made of compiled programs. */
export async function planImages(
  version: KubernetesVersion,
  arch: Architecture,
  outputs: OutputDirs,
  networkTools: readonly TarEntry[],
): Promise<PlannedImage[]> {
  const planned: PlannedImage[] = [];
  for (const image of imagesOf(version)) {
    const layout = layoutOf(image.name);
    const dir = outputs[layout.component];
    if (dir === undefined) throw new Error(`${layout.component} was not built`);
    const entries: TarEntry[] = [];
    for (const { output, path } of layout.programs) entries.push(await fileEntry(path, join(dir, output), 0o755));
    if (layout.networkTools === true) entries.push(...networkTools);
    const [main] = layout.programs;
    const entrypoint = main ? [`/${main.path}`] : [];
    planned.push({ ...image, spec: { image: image.image, arch, entrypoint, entries } });
  }
  return planned;
}
