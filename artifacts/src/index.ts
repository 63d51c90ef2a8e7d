/**
 * Artifacts: what nodes need, from where it comes, and the mirror that keeps it.
 *
 * `openMirror(dir, ports)`, then `mirror.sync(version, arch, source, …)` with one of the sources below, or
 * `importBundle`. `mirror.open(version, arch, name)` gives a file for serving; `filesFor` says which ones a node takes.
 */
export * from './catalog.js';
export * from './manifest.js';
export * from './skew.js';
export * from './availability.js';
export * from './source.js';
export { openMirror, Mirror, type MirrorEntry, type MirrorFault, type OpenArtifact } from './mirror.js';
export { exportBundle, importBundle, type BundleOptions, type BundleSelection, type ExportOptions } from './bundle.js';
export { BuildSource, hostArchitecture, type BuildSourceOptions } from './build/source.js';
export { DirectorySource } from './directory-source.js';
export { UpstreamSource, type UpstreamSourceOptions } from './upstream/source.js';
export { defaultBases, type UpstreamBases } from './upstream/layout.js';
export type { FileFacts } from './adapters/disk.js';
export { fileEntry, writeDockerArchive, type ImageSpec } from './image/docker-archive.js';
export { cniReleases, upstreamCnis, type CniRelease, type UpstreamCni } from './cni/catalog.js';
export { parseCniPin, parseCniPins, type CniPin } from './cni/pin.js';
export { architecturesOfCni, imagesOfCni, withCniImages, type CniEntry } from './cni/entry.js';
export type { CniShelf } from './cni/shelf.js';
export { CniUpstream, type CniUpstreamOptions } from './cni/upstream.js';
