import { isIPv4 } from 'node:net';
import { FlotillaError, invalidArgument, type FieldViolation } from '@flotilla/kit';
import { flannelManifests } from '../manifests/flannel.js';
import type { KubeManifest } from '../objects.js';
import { applyStages } from './apply.js';
import { editCalico } from './calico.js';
import { editCilium } from './cilium.js';
import { asWritable } from './edit.js';
import { forEachContainer, parseManifests } from './manifest-text.js';
import type { CniEncapsulation, CniName, CniSettings } from './settings.js';

const encapsulations: Readonly<Record<CniName, readonly CniEncapsulation[]>> = {
  FLANNEL: ['vxlan'],
  CALICO: ['vxlan', 'ipip', 'wireguard', 'none'],
  CILIUM: ['vxlan', 'geneve', 'wireguard', 'none'],
  NONE: [],
};

/** Encapsulations a plugin offers, its default first; none for NONE. */
export function encapsulationsOf(cni: CniName): readonly CniEncapsulation[] {
  return encapsulations[cni];
}

/** Key of {@link CniSettings.images} for the image of flannel, which has no upstream manifest. */
export const flannelImageKey = 'flannel';

/**
 * What is applied to a cluster for its network plugin, in the order of {@link applyStages}. FLANNEL is Flotilla's own
 * manifest and takes no text; CALICO and CILIUM take the text of the upstream release, on which our settings are set
 * field by field; NONE gives nothing. INVALID_ARGUMENT names wrong settings; CNI_MANIFEST_INVALID a text that is none;
 * CNI_MANIFEST_CHANGED the object or field of the upstream manifest that is not where this release of Flotilla expects
 * it; CNI_IMAGE_NOT_MIRRORED the images that the nodes would not have.
 */
export function renderCni(
  cni: CniName,
  upstreamText: string | undefined,
  settings: CniSettings,
): readonly KubeManifest[] {
  if (cni === 'NONE') return [];
  const violations = cniViolations(cni, settings);
  if (violations.length > 0) throw invalidArgument(violations);
  if (cni === 'FLANNEL') return flannel(settings);
  if (upstreamText === undefined) throw noText(cni);
  const upstream = parseManifests(upstreamText).map(withoutServerFields);
  const edited = cni === 'CALICO' ? editCalico(upstream, settings) : editCilium(upstream, settings);
  const local = withLocalImages(cni, edited, settings.images);
  return applyStages(local).flat();
}

/** Everything wrong with settings of a plugin, by field; nothing for NONE, which has none. */
export function cniViolations(cni: CniName, settings: Omit<CniSettings, 'images'>): readonly FieldViolation[] {
  const { podCidr, mtu, encapsulation, nodeAddress, apiServer } = settings;
  const found: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => void found.push({ field, description });
  if (cni === 'NONE') return found;
  if (!isIPv4Network(podCidr)) refuse('podCidr', 'must be an IPv4 network, such as 10.244.0.0/16');
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= 1280 && mtu <= 65_535))
    refuse('mtu', 'must be 1280 to 65535');
  const offered = encapsulations[cni];
  if (encapsulation !== undefined && !offered.includes(encapsulation))
    refuse('encapsulation', `must be one of ${offered.join(', ')} with ${cni}`);
  if (nodeAddress?.kind === 'cidr') {
    if (cni !== 'CALICO') refuse('nodeAddress', `must be the internal address of the node with ${cni}`);
    if (!isIPv4Network(nodeAddress.cidr)) refuse('nodeAddress.cidr', 'must be an IPv4 network');
  }
  if (apiServer !== undefined && !/^[a-z0-9.:-]{1,253}$/i.test(apiServer.host))
    refuse('apiServer.host', 'must be a name or an address');
  if (apiServer !== undefined && !(Number.isInteger(apiServer.port) && apiServer.port >= 1 && apiServer.port <= 65_535))
    refuse('apiServer.port', 'must be 1 to 65535');
  return found;
}

function flannel({ podCidr, mtu, apiServer, images }: CniSettings): readonly KubeManifest[] {
  const image = images[flannelImageKey];
  if (image === undefined) throw notMirrored('FLANNEL', ['flannel']);
  return flannelManifests({
    podCidr,
    image,
    ...(mtu === undefined ? {} : { mtu }),
    ...(apiServer === undefined ? {} : { apiServer }),
  });
}

/** What only the API server writes, and generators leave behind: server-side apply would claim or refuse it. */
function withoutServerFields(manifest: KubeManifest): KubeManifest {
  const { status: _status, ...rest } = manifest;
  const { creationTimestamp: _created, ...metadata } = rest.metadata;
  // What is left out is none of what a manifest must have.
  return { ...rest, metadata };
}

/** Nodes run what was loaded from the mirror, under the names it has there, and pull nothing. */
function withLocalImages(
  cni: CniName,
  manifests: readonly KubeManifest[],
  images: CniSettings['images'],
): readonly KubeManifest[] {
  const missing = new Set<string>();
  for (const manifest of manifests) {
    forEachContainer(manifest, (container) => {
      const image = typeof container['image'] === 'string' ? container['image'] : '';
      const local = Object.hasOwn(images, image) ? images[image] : undefined;
      if (local === undefined) missing.add(image);
      const writable = asWritable(container);
      writable['image'] = local ?? image;
      writable['imagePullPolicy'] = 'IfNotPresent';
      // So that a container that ends says why, and the diagnosis can repeat it.
      writable['terminationMessagePolicy'] = 'FallbackToLogsOnError';
    });
  }
  if (missing.size > 0) throw notMirrored(cni, [...missing].sort());
  return manifests;
}

function isIPv4Network(text: string): boolean {
  const [address = '', prefix = '', ...more] = text.split('/');
  return isIPv4(address) && /^\d{1,2}$/.test(prefix) && Number(prefix) <= 32 && more.length === 0;
}

function notMirrored(cni: CniName, images: readonly string[]): FlotillaError {
  return new FlotillaError('CNI_IMAGE_NOT_MIRRORED', `The mirror lacks images of ${cni}: ${images.join(', ')}.`, {
    kind: 'precondition',
    retry: 'later',
    remedy:
      cni === 'FLANNEL'
        ? 'Sync the Kubernetes version of the cluster: flotilla artifacts sync VERSION'
        : `Bring them in: flotilla-server artifacts pin-cni ${cni.toLowerCase()} VERSION --sha256 SHA256`,
  });
}

function noText(cni: CniName): FlotillaError {
  return new FlotillaError('CNI_NOT_MIRRORED', `The mirror has no manifest of ${cni}.`, {
    kind: 'precondition',
    retry: 'later',
    remedy: `Pin it, which brings it in: flotilla-server artifacts pin-cni ${cni.toLowerCase()} VERSION --sha256 SHA256`,
  });
}
