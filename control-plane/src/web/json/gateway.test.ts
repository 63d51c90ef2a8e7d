import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rpcPolicy, type RpcPolicy } from '../../api/policy.js';
import { openOperator, seenError, type Operator } from '../../testing/operator.js';
import { openTestServer, type TestServer } from '../../testing/server.js';
import { askWeb, callJson } from '../../testing/web.js';

let server: TestServer;
let operator: Operator;

beforeAll(async () => {
  server = await openTestServer();
  operator = openOperator(server.port, server.admin.caPem, server.admin.apiKey);
  await operator.clusters.createCluster({ name: 'demo' });
});
afterAll(async () => {
  operator.close();
  await server.remove();
});

const json = { 'content-type': 'application/json' };
const getCluster = '/flotilla.operator.v1.ClusterService/GetCluster';

interface Detail {
  readonly type: string;
  readonly debug: Readonly<Record<string, unknown>>;
}

const detail = (body: Readonly<Record<string, unknown>>, type: string) =>
  (body['details'] as readonly Detail[]).find((each) => each.type === `google.rpc.${type}`)?.debug;

describe('the methods as JSON', () => {
  it('answer with the same facts as gRPC, every field there', async () => {
    const { status, body } = await callJson(server, 'ClusterService/GetCluster', { cluster: 'demo' });
    expect(status).toBe(200);
    const { cluster } = await operator.clusters.getCluster({ cluster: 'demo' });
    expect(body['cluster']).toMatchObject({
      meta: { id: cluster?.meta?.id, name: 'demo', etag: cluster?.meta?.etag, labels: {} },
      spec: { controlPlaneKind: 'CONTROL_PLANE_KIND_SELF_PROVISIONED', cni: 'CNI_FLANNEL', endpoint: '' },
      status: { state: 'CLUSTER_STATE_PENDING', nodesTotal: 0, holds: [] },
    });
  });

  it('take writes, with request ids and masks as protobuf writes them', async () => {
    const create = { cluster: 'demo', name: 'json', spec: { size: 2 }, options: { requestId: 'j1' } };
    const first = await callJson(server, 'NodePoolService/CreateNodePool', create);
    const again = await callJson(server, 'NodePoolService/CreateNodePool', create);
    expect([first.status, again.status]).toEqual([200, 200]);
    expect((again.body['nodePool'] as { meta: { id: string } }).meta.id).toBe(
      (first.body['nodePool'] as { meta: { id: string } }).meta.id,
    );
    const update = {
      nodePool: 'json',
      spec: { size: 7, drainTimeout: '90s', template: { kubernetesVersion: 'ignored', labels: { a: 'b' } } },
      updateMask: 'drainTimeout,template.labels',
    };
    const { body } = await callJson(server, 'NodePoolService/UpdateNodePool', update);
    expect(body['nodePool']).toMatchObject({
      spec: { size: 2, drainTimeout: '90s', template: { labels: { a: 'b' } } },
      status: { templateRevision: '2' },
    });
  });

  it('refuse with the code, the sentence and the details of gRPC', async () => {
    const over = { cluster: 'demo', name: 'Not A Name', spec: { size: -1 } };
    const asJson = await callJson(server, 'NodePoolService/CreateNodePool', over);
    const asGrpc = seenError(
      await operator.pools.createNodePool({ cluster: 'demo', name: 'Not A Name' }).catch((error: unknown) => error),
    );
    expect(asJson.status).toBe(400);
    expect(asJson.body['code']).toBe(asGrpc.code.toLowerCase());
    expect(detail(asJson.body, 'ErrorInfo')?.['reason']).toBe(asGrpc.reason);
    expect(detail(asJson.body, 'BadRequest')?.['fieldViolations']).toEqual([
      expect.objectContaining({ field: 'name' }),
      expect.objectContaining({ field: 'spec.size' }),
    ]);
  });

  it('name every fault of a body, with what was probably meant', async () => {
    const body = {
      projct: 'default',
      name: 5,
      spec: { kuberntesVersion: 'v1', cni: 'FLANNEL', podCidr: null },
      labels: { a: 1 },
      control_plane_replicas: 'three',
      options: { validateOnly: 'yes' },
    };
    const { status, body: answer } = await callJson(server, 'ClusterService/CreateCluster', body);
    expect(status).toBe(400);
    const faults = detail(answer, 'BadRequest')?.['fieldViolations'] as { field: string; description: string }[];
    expect(faults.map(({ field, description }) => `${field} ${description}`)).toEqual([
      'projct is not a field of CreateClusterRequest; did you mean project?',
      'name must be a text (is 5)',
      'spec.kuberntesVersion is not a field of ClusterSpec; did you mean kubernetesVersion?',
      'spec.cni must be one of CNI_UNSPECIFIED, CNI_NONE, CNI_FLANNEL, CNI_CALICO, CNI_CILIUM; did you mean CNI_FLANNEL? (is "FLANNEL")',
      'labels["a"] must be a text (is 1)',
      'control_plane_replicas must be a whole number (is "three")',
      'options.validateOnly must be true or false (is "yes")',
    ]);
  });

  it.each([
    ['no JSON', '{"cluster": ', 'MALFORMED_REQUEST', 400],
    ['a list', '[]', 'INVALID_ARGUMENT', 400],
    ['too large', `{"cluster": "${'x'.repeat(70_000)}"}`, 'REQUEST_TOO_LARGE', 429],
    ['not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'MALFORMED_REQUEST', 400],
  ])('refuse a body that is %s', async (_, body, reason, status) => {
    const headers = { ...json, authorization: `Bearer ${server.admin.apiKey}` };
    const answer = await askWeb(server, getCluster, { method: 'POST', headers, body });
    expect(answer.status).toBe(status);
    expect(detail(JSON.parse(answer.text) as Record<string, unknown>, 'ErrorInfo')?.['reason']).toBe(reason);
  });

  it('refuse other verbs, types and encodings, and streams', async () => {
    const key = { authorization: `Bearer ${server.admin.apiKey}` };
    const reasons = async (path: string, over: Parameters<typeof askWeb>[2]) => {
      const { text } = await askWeb(server, path, over);
      return detail(JSON.parse(text) as Record<string, unknown>, 'ErrorInfo')?.['reason'];
    };
    expect(await reasons(getCluster, { method: 'GET', headers: key })).toBe('METHOD_NOT_ALLOWED');
    const post = { method: 'POST', body: '{}' };
    expect(await reasons(getCluster, { ...post, headers: { ...key, 'content-type': 'text/plain' } })).toBe(
      'CONTENT_TYPE',
    );
    expect(await reasons(getCluster, { ...post, headers: { ...key, ...json, 'content-encoding': 'gzip' } })).toBe(
      'CONTENT_ENCODING',
    );
    const watch = '/flotilla.operator.v1.EventService/WatchEvents';
    expect(await reasons(watch, { ...post, headers: { ...key, ...json } })).toBe('STREAM');
  });

  it('are not there for agents and strangers', async () => {
    for (const path of ['/flotilla.agent.v1.EnrollmentService/BeginEnrollment', '/flotilla.operator.v1.X/Y']) {
      const { status } = await askWeb(server, path, { method: 'POST', headers: json, body: '{}' });
      expect(status, path).toBe(400);
    }
  });

  it('ask everybody who they are, each method, as gRPC does', async () => {
    const unary = Object.entries(rpcPolicy).flatMap(([service, methods]) =>
      Object.entries(methods as Readonly<Record<string, RpcPolicy>>)
        .filter(([method, { identity }]) => identity === 'api-key' && !/^(watchEvents|syncArtifacts)$/.test(method))
        .map(([method]) => `${service}/${method.charAt(0).toUpperCase()}${method.slice(1)}`),
    );
    expect(unary.length).toBeGreaterThan(45);
    const { secret } = await operator.access.createApiKey({ name: 'json-reader', role: 1 });
    for (const method of unary) {
      const { status, body } = await callJson(server, method, {}, '');
      expect([status, body['code']], method).toEqual([401, 'unauthenticated']);
    }
    expect((await callJson(server, 'ClusterService/DeleteCluster', { cluster: 'demo' }, secret)).body['code']).toBe(
      'permission_denied',
    );
  });

  it('are described, each of them', async () => {
    const { status, text } = await askWeb(server, '/openapi.json');
    expect(status).toBe(200);
    const { paths } = JSON.parse(text) as { paths: Record<string, unknown> };
    expect(Object.keys(paths)).toContain(getCluster);
    for (const path of Object.keys(paths)) {
      const { status: code } = await askWeb(server, path, { method: 'POST', headers: json, body: '{}' });
      expect(code, path).toBe(401);
    }
  });
});
