import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { onTestFinished } from 'vitest';
import { cniPluginNames, imagesOf, type KubernetesVersion } from '../catalog.js';
import type { Architecture } from '../manifest.js';
import type { UpstreamBases } from '../upstream/layout.js';
import { parseReference } from '../upstream/registry.js';
import { sha256Of } from './builders.js';

/** What the server does instead of answering, once for each entry, in order. */
export type Fault = Cut | { readonly status: number } | { readonly body: string };

interface Cut {
  readonly cutAfterBytes: number;
  /** Breaks the connection then, so that a test knows what had arrived. */
  readonly when: Promise<void>;
}

interface Served {
  readonly body: Buffer;
  readonly type?: string;
}

/** A server on this machine with the layouts of dl.k8s.io, of release downloads and of a registry. */
export class FakeUpstream {
  readonly requests: { readonly path: string; readonly range: string | undefined }[] = [];
  readonly faults = new Map<string, Fault[]>();
  /** When set, the registry part asks for this token, handed out at `/token`. */
  token: string | undefined;
  base = '';
  readonly #served = new Map<string, Served>();

  static async start(): Promise<FakeUpstream> {
    const fake = new FakeUpstream();
    const server = createServer((request, response) => fake.#answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A TCP server has an address and port.
    fake.base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return fake;
  }

  get bases(): UpstreamBases {
    const { base } = this;
    return {
      kubernetes: base,
      github: base,
      registries: { 'registry.k8s.io': base, 'ghcr.io': base, 'quay.io': base },
    };
  }

  serve(path: string, body: string | Buffer, type?: string): void {
    this.#served.set(path, { body: Buffer.from(body), ...(type === undefined ? {} : { type }) });
  }

  without(path: string): void {
    this.#served.delete(path);
  }

  /** How often a path was asked for. */
  count(path: string): number {
    return this.requests.filter((request) => request.path === path).length;
  }

  /** Everything of a version; contents are short and say what they are. */
  async serveVersion(version: KubernetesVersion, arch: Architecture): Promise<void> {
    const { components } = version;
    for (const name of ['kubeadm', 'kubelet', 'kubectl']) {
      const path = `/release/${version.version}/bin/linux/${arch}/${name}`;
      this.serve(path, `${name} for ${arch}`);
      this.serve(`${path}.sha256`, sha256Of(`${name} for ${arch}`));
    }
    const containerd = `containerd-${components.containerd}-linux-${arch}.tar.gz`;
    await this.#archive(
      `/containerd/containerd/releases/download/v${components.containerd}/${containerd}`,
      '.sha256sum',
      [...['containerd', 'containerd-shim-runc-v2', 'ctr', 'containerd-stress'].map((name) => `bin/${name}`)],
    );
    const runc = `/opencontainers/runc/releases/download/v${components.runc}`;
    this.serve(`${runc}/runc.${arch}`, `runc for ${arch}`);
    const sums = [`${'0'.repeat(64)}  runc.s390x`, `${sha256Of(`runc for ${arch}`)} *runc.${arch}`];
    this.serve(`${runc}/runc.sha256sum`, `${sums.join('\n')}\n`);
    const cni = `cni-plugins-linux-${arch}-v${components.cniPlugins}.tgz`;
    const plugins = [...cniPluginNames, 'vlan'].map((name) => `./${name}`);
    await this.#archive(
      `/containernetworking/plugins/releases/download/v${components.cniPlugins}/${cni}`,
      '.sha256',
      plugins,
    );
    const crictl = `crictl-v${components.crictl}-linux-${arch}.tar.gz`;
    await this.#archive(`/kubernetes-sigs/cri-tools/releases/download/v${components.crictl}/${crictl}`, '.sha256', [
      'crictl',
    ]);
    for (const { image } of imagesOf(version)) this.serveImage(image, [arch]);
  }

  /** An image with one layer per architecture. Returns the paths of the layers. */
  serveImage(image: string, arches: readonly Architecture[]): string[] {
    const { repository, tag = '' } = parseReference(image);
    const blob = (body: string): { digest: string; size: number; path: string } => {
      const digest = `sha256:${sha256Of(body)}`;
      const path = `/v2/${repository}/blobs/${digest}`;
      this.serve(path, body);
      return { digest, size: body.length, path };
    };
    const layers: string[] = [];
    const manifests = arches.map((architecture) => {
      const layer = blob(`layer of ${image} for ${architecture}`);
      layers.push(layer.path);
      const config = blob(JSON.stringify({ architecture, os: 'linux', image }));
      const type = 'application/vnd.oci.image.manifest.v1+json';
      const body = JSON.stringify({
        schemaVersion: 2,
        mediaType: type,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.size },
        layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: layer.digest, size: layer.size }],
      });
      const digest = `sha256:${sha256Of(body)}`;
      this.serve(`/v2/${repository}/manifests/${digest}`, body, type);
      return { mediaType: type, digest, size: body.length, platform: { os: 'linux', architecture } };
    });
    const type = 'application/vnd.oci.image.index.v1+json';
    const top = JSON.stringify({ schemaVersion: 2, mediaType: type, manifests });
    for (const name of [tag, `sha256:${sha256Of(top)}`]) this.serve(`/v2/${repository}/manifests/${name}`, top, type);
    return layers;
  }

  /** Digest of the index of an image that is served, as a manifest pins it. */
  digestOf(image: string): string {
    const { repository, tag = '' } = parseReference(image);
    const served = this.#served.get(`/v2/${repository}/manifests/${tag}`);
    if (served === undefined) throw new Error(`${image} is not served`);
    return `sha256:${sha256Of(served.body)}`;
  }

  async #archive(path: string, suffix: string, members: readonly string[]): Promise<void> {
    const archive = pack();
    for (const name of members) archive.entry({ name, mode: 0o755 }, `contents of ${name}`);
    archive.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of archive) chunks.push(chunk as Buffer);
    const body = gzipSync(Buffer.concat(chunks));
    this.serve(path, body);
    this.serve(`${path}${suffix}`, `${sha256Of(body)}  ${path.split('/').at(-1) ?? ''}\n`);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = new URL(request.url ?? '/', this.base).pathname;
    const range = request.headers.range;
    this.requests.push({ path, range });
    if (path === '/token') {
      response.end(JSON.stringify({ token: this.token }));
      return;
    }
    if (
      path.startsWith('/v2/') &&
      this.token !== undefined &&
      request.headers.authorization !== `Bearer ${this.token}`
    ) {
      const challenge = `Bearer realm="${this.base}/token",service="fake",scope="repository:x:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    const served = this.#served.get(path);
    const fault = this.faults.get(path)?.shift();
    if (!served || (fault && 'status' in fault)) {
      response.writeHead(fault && 'status' in fault ? fault.status : 404).end('no');
      return;
    }
    const body = fault && 'body' in fault ? Buffer.from(fault.body) : served.body;
    this.#send(response, { ...served, body }, range, fault && 'cutAfterBytes' in fault ? fault : undefined);
  }

  #send(response: ServerResponse, { body, type }: Served, range: string | undefined, cut: Cut | undefined): void {
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (from > 0 && from >= body.length) {
      response.writeHead(416).end();
      return;
    }
    const part = body.subarray(from);
    response.writeHead(from > 0 ? 206 : 200, {
      'content-length': part.length,
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(from > 0 ? { 'content-range': `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    });
    if (!cut) {
      response.end(part);
      return;
    }
    response.write(part.subarray(0, cut.cutAfterBytes));
    void cut.when.then(() => response.destroy());
  }
}
