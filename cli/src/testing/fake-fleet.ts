import { type ServerWritableStream, status } from '@grpc/grpc-js';
import {
  ApiKey,
  ArtifactState,
  Cluster,
  ClusterSpec,
  ClusterState,
  type CreateApiKeyRequest,
  type CreateClusterRequest,
  type CreateNodePoolRequest,
  type CreateTokenRequest,
  EnrollmentToken,
  EnrollmentTokenState,
  Event,
  EventSeverity,
  KubernetesVersion,
  type ListEventsRequest,
  NodePool,
  NodePoolSpec,
  NodePoolState,
  type PauseClusterRequest,
  type PauseNodePoolRequest,
  ResourceMeta,
  Role,
  type SyncArtifactsRequest,
  type SyncArtifactsResponse,
  type UpdateClusterRequest,
  type UpdateNodePoolRequest,
} from '@flotilla/proto';
import { ago, fakeNowMs } from './fake-env.js';
import { FakeFailure } from './fake-failure.js';
import { FakeLife, pauseOf } from './fake-life.js';
import { checkEtag, find, type Listing, notFound, page } from './fake-pages.js';

/** What the fake server knows. Tests put things in and look at what calls did. Lists answer two at a time, to have pages. */
export class FakeFleet extends FakeLife {
  clusters: Cluster[] = [];
  pools: NodePool[] = [];
  tokens: EnrollmentToken[] = [];
  keys: ApiKey[] = [];
  events: Event[] = [];
  versions: KubernetesVersion[] = [
    KubernetesVersion.create({
      version: 'v1.34.4',
      supportedSince: '2026-02-10',
      availableForNewClusters: true,
      availableForExistingClusters: true,
      components: { etcd: '3.6.5', containerd: '2.1.4' },
      artifacts: [
        {
          arch: 'amd64',
          state: ArtifactState.MIRRORED,
          files: 12,
          sizeBytes: 671_088_640n,
          manifestSha256: 'ab'.repeat(32),
        },
      ],
    }),
  ];
  callerRole = Role.ADMIN;
  publicUrl = '';
  caPin = '';
  /** What IssueKubeconfig gives. */
  kubeconfig = '';
  /** Messages of SyncArtifacts. */
  sync: SyncArtifactsResponse[] = [];

  createCluster({ name, spec, labels, options }: CreateClusterRequest) {
    const cluster = Cluster.create({
      meta: { name, id: `clu_${name}`, project: 'default', labels, createTime: ago(0) },
      ...(spec === undefined ? {} : { spec }),
      status: { state: ClusterState.PENDING, message: 'waiting for a machine' },
    });
    if (this.clusters.some((each) => each.meta?.name === name)) {
      throw new FakeFailure(
        status.ALREADY_EXISTS,
        'CLUSTER_EXISTS',
        `cluster ${name} exists already`,
        'Choose another name.',
      );
    }
    if (options?.validateOnly !== true) this.clusters.push(cluster);
    return { cluster, revision: 1n };
  }
  getCluster({ cluster }: { cluster: string }) {
    return { cluster: find(this.clusters, cluster, 'cluster') };
  }
  listClusters({ options }: Listing) {
    const { items, nextPageToken } = page(this.clusters, options);
    return { clusters: items, nextPageToken };
  }
  deleteCluster({ cluster, options }: { cluster: string; options: { validateOnly: boolean } | undefined }) {
    const found = find(this.clusters, cluster, 'cluster');
    if (options?.validateOnly !== true) this.clusters = this.clusters.filter((each) => each !== found);
    return { cluster: found, revision: 2n };
  }
  updateCluster({ cluster, spec, labels, updateMask, etag, options }: UpdateClusterRequest) {
    const found = find(this.clusters, cluster, 'cluster');
    checkEtag(etag, found.meta?.etag);
    const before: Record<string, unknown> = { ...ClusterSpec.create(found.spec ?? {}) };
    for (const path of updateMask ?? []) {
      const field = path.replace(/^spec\./, '');
      if (['cni', 'podCidr', 'serviceCidr', 'clusterDomain', 'controlPlaneKind'].includes(field)) {
        const description = 'cannot change after the cluster was created';
        throw new FakeFailure(status.INVALID_ARGUMENT, 'IMMUTABLE', description, '', [{ field: path, description }]);
      }
      if (field !== 'labels') before[field] = Reflect.get(spec ?? {}, field);
    }
    const meta = ResourceMeta.create({ ...found.meta, ...(updateMask?.includes('labels') ? { labels } : {}) });
    const changed = Cluster.create({ ...found, meta, spec: ClusterSpec.create(before) });
    if (options?.validateOnly !== true) this.clusters = this.clusters.map((each) => (each === found ? changed : each));
    return { cluster: changed, revision: 3n };
  }
  pauseCluster({ cluster, duration, reason }: PauseClusterRequest) {
    const found = find(this.clusters, cluster, 'cluster');
    if (found.status !== undefined) found.status.pause = pauseOf(duration, reason);
    return { cluster: found, revision: 3n };
  }
  resumeCluster({ cluster }: { cluster: string }) {
    const found = find(this.clusters, cluster, 'cluster');
    if (found.status !== undefined) found.status.pause = undefined;
    return { cluster: found, revision: 3n };
  }
  issueKubeconfig() {
    return { kubeconfig: this.kubeconfig, expireTime: new Date(fakeNowMs + 8 * 3_600_000) };
  }

  createNodePool({ name, cluster, spec, labels, options }: CreateNodePoolRequest) {
    find(this.clusters, cluster, 'cluster');
    const nodePool = NodePool.create({
      meta: { name, id: `pol_${name}`, project: 'default', labels, etag: '1', createTime: ago(0) },
      cluster,
      ...(spec === undefined ? {} : { spec }),
      status: { state: NodePoolState.RUNNING },
    });
    if (options?.validateOnly !== true) this.pools.push(nodePool);
    return { nodePool, revision: 1n };
  }
  getNodePool({ nodePool }: { nodePool: string }) {
    return { nodePool: find(this.pools, nodePool, 'pool') };
  }
  listNodePools({ options, cluster }: Listing & { cluster: string }) {
    const { items, nextPageToken } = page(
      this.pools.filter(
        (pool) => cluster === '' || pool.cluster === find(this.clusters, cluster, 'cluster').meta?.name,
      ),
      options,
    );
    return { nodePools: items, nextPageToken };
  }
  updateNodePool({ nodePool, spec, labels, updateMask, etag, options }: UpdateNodePoolRequest) {
    const found = find(this.pools, nodePool, 'pool');
    checkEtag(etag, found.meta?.etag);
    const before: Record<string, unknown> = { ...NodePoolSpec.create(found.spec ?? {}) };
    const wanted: Record<string, unknown> = { ...NodePoolSpec.create(spec ?? {}) };
    for (const path of updateMask ?? []) {
      const [group = '', field] = path.split('.');
      if (group === 'labels') continue;
      before[group] =
        field === undefined
          ? wanted[group]
          : { ...Object(before[group]), [field]: Reflect.get(Object(wanted[group]) as object, field) as unknown };
    }
    const meta = ResourceMeta.create({ ...found.meta, ...(updateMask?.includes('labels') ? { labels } : {}) });
    const changed = NodePool.create({ ...found, meta, spec: NodePoolSpec.create(before) });
    if (options?.validateOnly !== true) this.pools = this.pools.map((each) => (each === found ? changed : each));
    return { nodePool: changed, revision: 3n };
  }
  pauseNodePool({ nodePool, duration, reason }: PauseNodePoolRequest) {
    const found = find(this.pools, nodePool, 'pool');
    if (found.status !== undefined) found.status.pause = pauseOf(duration, reason);
    return { nodePool: found, revision: 3n };
  }
  resumeNodePool({ nodePool }: { nodePool: string }) {
    const found = find(this.pools, nodePool, 'pool');
    if (found.status !== undefined) found.status.pause = undefined;
    return { nodePool: found, revision: 3n };
  }
  deleteNodePool({ nodePool }: { nodePool: string }) {
    return { nodePool: find(this.pools, nodePool, 'pool'), revision: 2n };
  }

  createToken({ nodePool, cluster, maxUses, ttl, options }: CreateTokenRequest) {
    const expireTime = new Date(fakeNowMs + Number(ttl?.seconds ?? 3600n) * 1000);
    const token = EnrollmentToken.create({
      meta: { name: 'f7k2q1', id: 'tok_f7k2q1', project: 'default' },
      pool: nodePool,
      cluster: nodePool === '' ? '' : cluster === '' ? 'demo' : cluster,
      maxUses: maxUses === 0 ? 1 : maxUses,
      state: EnrollmentTokenState.ACTIVE,
      expireTime,
    });
    if (options?.validateOnly === true) return { token, secret: '', installCommand: '' };
    this.tokens.push(token);
    const line =
      'curl -fsSL --insecure --pinnedpubkey sha256//kq3= https://fleet.example.org:7440/install.sh | sudo sh -s -- --token f7k2q1.9c';
    return { token, secret: 'f7k2q1.9c', installCommand: line };
  }
  getToken({ token }: { token: string }) {
    return { token: find(this.tokens, token, 'token') };
  }
  revokeToken(request: { token: string }) {
    return this.getToken(request);
  }
  listTokens({ options }: Listing) {
    const { items, nextPageToken } = page(this.tokens, options);
    return { tokens: items, nextPageToken };
  }

  getCaller() {
    return { subject: 'api-key:bootstrap', project: 'default', role: this.callerRole };
  }
  createApiKey({ name, role }: CreateApiKeyRequest) {
    const apiKey = ApiKey.create({
      meta: { name, id: `key_${name}` },
      role,
      expireTime: new Date(fakeNowMs + 90 * 86_400_000),
    });
    this.keys.push(apiKey);
    return { apiKey, secret: 'flk_abc.def' };
  }
  listApiKeys({ options }: Listing) {
    const { items, nextPageToken } = page(this.keys, options);
    return { apiKeys: items, nextPageToken };
  }
  revokeApiKey({ apiKey }: { apiKey: string }) {
    return { apiKey: find(this.keys, apiKey, 'API key') };
  }
  getVersion({ version }: { version: string }) {
    const found = this.versions.find((each) => each.version === version);
    if (found === undefined) throw notFound('version', version);
    return { version: found };
  }
  listVersions() {
    return { versions: this.versions, nextPageToken: '' };
  }
  getServerInfo() {
    return {
      version: '0.1.0',
      instanceId: 'ins_7',
      publicUrl: this.publicUrl,
      publicKeyPin: '',
      caPin: this.caPin,
      epoch: 1n,
      agentsConnected: 3,
    };
  }
  syncArtifacts(call: ServerWritableStream<SyncArtifactsRequest, SyncArtifactsResponse>): void {
    this.sync.forEach((message) => call.write(message));
    call.end();
  }

  addEvent(event: Partial<Event>): Event {
    const revision = BigInt(this.events.length + 1);
    const stored = Event.create({
      id: `evt_${revision}`,
      revision,
      time: ago(0),
      severity: EventSeverity.NORMAL,
      count: 1,
      ...event,
    });
    this.events.push(stored);
    return stored;
  }
  eventsAfter(revision: bigint): readonly Event[] {
    return this.events.filter((event) => event.revision > revision);
  }
  listEvents({ resource, options }: ListEventsRequest) {
    if ((options?.orderBy ?? '') !== '')
      throw new FakeFailure(
        status.INVALID_ARGUMENT,
        'INVALID_ARGUMENT',
        'options.order_by is not supported for events',
      );
    const wanted = this.events.filter(
      ({ resourceId, resourceName }) => resource === '' || resource === resourceId || resource === resourceName,
    );
    const newest = [...wanted].reverse().slice(0, options?.pageSize);
    return { events: newest, nextPageToken: '', revision: BigInt(this.events.length) };
  }
}
