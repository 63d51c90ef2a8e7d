import { FlotillaError, type Clock, type Random } from '@flotilla/kit';
import { readText, remove, writePlain } from '../adapters/disk.js';
import { httpGet, type HttpGet } from '../adapters/http.js';
import type { FileFacts } from '../adapters/disk.js';
import { imagePattern, type Architecture } from '../manifest.js';
import type { BlobSink, OnProgress } from '../source.js';
import { downloadVerified, type DownloadPorts } from '../upstream/download.js';
import { defaultBases } from '../upstream/layout.js';
import { parseReference, RegistryClient } from '../upstream/registry.js';
import type { CniEntry } from './entry.js';
import type { CniPin } from './pin.js';
import { cniTextBytesMax } from './shelf.js';

export interface CniUpstreamOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The images that the pods of a manifest run, as written there. Throws for what is no manifest. */
  readonly imagesOf: (text: string) => readonly string[];
  /** Addresses of registries by the name in an image's reference, besides the well-known ones. */
  readonly registries?: Readonly<Record<string, string>>;
  readonly http?: HttpGet;
}

export interface CniFetchRequest {
  readonly pin: CniPin;
  readonly arches: readonly Architecture[];
  readonly into: BlobSink;
  readonly progress: OnProgress;
  readonly signal: AbortSignal;
}

const imagesMax = 50;

/** Brings a pinned manifest in, and the images it names from their registries. */
export class CniUpstream {
  constructor(private readonly options: CniUpstreamOptions) {}

  /**
   * Every file of the entry is in the sink afterwards. The manifest is what the pin says or nothing: ARTIFACT_CORRUPT.
   * Images are verified against the digest in the manifest where it names one; a tag is what the registry says today,
   * and its digest is kept from then on.
   */
  async fetch({ pin, arches, into, progress, signal }: CniFetchRequest): Promise<CniEntry> {
    const { clock, random, http = httpGet } = this.options;
    const ports: DownloadPorts = { http, clock, random, sink: into, progress, signal };
    const { facts, text } = await takeManifest(pin, ports);
    const upstreamImages = this.options.imagesOf(text);
    if (upstreamImages.length === 0 || upstreamImages.length > imagesMax) {
      throw new FlotillaError(
        'CNI_MANIFEST_INVALID',
        `The manifest of ${pin.cni} names ${upstreamImages.length} images.`,
        {
          kind: 'data-loss',
          remedy: 'Check that the pinned file is the manifest of the plugin.',
        },
      );
    }
    const registry = new RegistryClient({ ...defaultBases.registries, ...this.options.registries }, ports);
    const images: CniEntry['images'] = [];
    for (const upstream of upstreamImages) {
      const image = localReference(upstream);
      const arch: CniEntry['images'][number]['arch'] = {};
      for (const one of arches) arch[one] = await registry.pull(upstream, one, image);
      images.push({ upstream, image, arch });
    }
    const origin = pin.from.kind === 'url' ? pin.from.url : pin.from.path;
    return { schema: 1, cni: pin.cni, version: pin.version, origin, manifest: facts, images };
  }
}

async function takeManifest(
  pin: CniPin,
  ports: DownloadPorts,
): Promise<{ readonly facts: FileFacts; readonly text: string }> {
  const { sink } = ports;
  if (pin.from.kind === 'file') {
    const path = pin.from.path;
    const text = await readText(path, cniTextBytesMax);
    if (text === undefined) {
      throw new FlotillaError('ARTIFACT_NOT_FOUND', `${path} is not a file of this host.`, {
        kind: 'not-found',
        remedy: 'Give the path of the manifest on the host of flotilla-server.',
      });
    }
    // The very text that is verified is what is kept and read: the file stays the operator's, who may go on editing it.
    const copy = await sink.partial(`manifest ${pin.sha256}`);
    await writePlain(copy, text);
    return { facts: await sink.commit(copy, { sha256: pin.sha256 }), text };
  }
  const path = await downloadVerified({ url: pin.from.url, name: `${pin.cni}.yaml`, sha256: pin.sha256 }, ports);
  const text = await readText(path, cniTextBytesMax);
  if (text === undefined) throw new Error('what was just downloaded is gone');
  const facts = await sink.commit(path, { sha256: pin.sha256 });
  await remove(path);
  return { facts, text };
}

/**
 * The name under which nodes have an image: registry, repository and tag. A digest is left out, because an imported
 * archive is found by its name; one without a tag gets the beginning of its digest as one.
 */
export function localReference(upstream: string): string {
  const { registry, repository, tag, digest } = parseReference(upstream);
  const name = `${registry}/${repository}:${tag ?? `sha256-${(digest ?? '').slice('sha256:'.length, 'sha256:'.length + 16)}`}`;
  if (imagePattern.test(name) && name.length <= 255) return name;
  throw new FlotillaError('CNI_MANIFEST_INVALID', `${JSON.stringify(upstream.slice(0, 120))} is no image reference.`, {
    kind: 'data-loss',
    remedy: 'Check that the pinned file is the manifest of the plugin.',
  });
}
