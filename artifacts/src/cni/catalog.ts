import { z } from 'zod';

/** Network plugins whose manifest comes from another project. Flannel's is our own and comes with Kubernetes' files. */
export const upstreamCnis = ['calico', 'cilium'] as const;
export type UpstreamCni = (typeof upstreamCnis)[number];

export const cniVersionSchema = z.string().regex(/^v(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})\.(0|[1-9]\d{0,3})$/);

/** A release that this Flotilla knows how to set up. */
export interface CniRelease {
  readonly cni: UpstreamCni;
  readonly version: string;
  /** Release of Flotilla that first supported it. */
  readonly supportedSince: string;
  /** Where the project publishes the manifest; undefined where it publishes none, and the operator renders it. */
  readonly url: string | undefined;
  /** Of the manifest. Undefined: the project publishes no digest, so the operator pins what was looked at. */
  readonly sha256: string | undefined;
  /** How a person gets the manifest to pin. */
  readonly howToPin: string;
}

function calico(version: string): CniRelease {
  const url = `https://raw.githubusercontent.com/projectcalico/calico/${version}/manifests/calico.yaml`;
  return {
    cni: 'calico',
    version,
    supportedSince: '0.1.0',
    url,
    sha256: undefined,
    howToPin: `Fetch ${url}, read it, and take its sha256: curl -fsSL ${url} | sha256sum`,
  };
}

function cilium(version: string): CniRelease {
  const chart = `helm template cilium cilium --repo https://helm.cilium.io --version ${version.slice(1)} --namespace kube-system`;
  return {
    cni: 'cilium',
    version,
    supportedSince: '0.1.0',
    url: undefined,
    sha256: undefined,
    howToPin: `The project publishes a chart only. Render it once: ${chart} > cilium.yaml, and pin that file by its sha256: sha256sum cilium.yaml`,
  };
}

/** Newest last. Others of the same minor version can be pinned with their address. */
export const cniReleases: readonly CniRelease[] = [cilium('v1.20.2'), calico('v3.32.2')];
