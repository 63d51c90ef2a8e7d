import * as proto from '@flotilla/proto';
import {
  CreateClusterRequest,
  CreateNodePoolRequest,
  CreateTokenRequest,
  DrainNodeRequest,
  ListNodesRequest,
  NodePoolRole,
  UpdateNodePoolRequest,
} from '@flotilla/proto';
import { rpcPolicy, type ServiceName } from '../../control-plane/src/api/policy.js';

/** Requests with something in every kind of field; the wire knows no types, so each decoder gets all of them. */
const spec = {
  role: NodePoolRole.WORKER,
  size: 3,
  selector: { matchLabels: { tier: 'web' }, arch: 'amd64', minCpus: 2, minMemoryBytes: 1n << 32n },
  template: {
    kubernetesVersion: 'v1.34.4',
    labels: { a: 'b' },
    taints: [{ key: 'k', value: 'v', effect: 'NoSchedule' }],
  },
  health: { maxUnhealthy: '20%', rebootAllowed: false, minHealthyTime: { seconds: 120n, nanos: 0 } },
};
const options = { requestId: 'r-1', validateOnly: true };

export const requestCorpus: readonly Uint8Array[] = [
  CreateClusterRequest.encode(
    CreateClusterRequest.fromPartial({
      project: 'default',
      name: 'demo',
      spec: { kubernetesVersion: 'v1.34.4', podCidr: '10.244.0.0/16', endpoint: 'a.example:6443' },
      labels: { team: 'a' },
      controlPlaneReplicas: 3,
      options,
      kubeconfig: 'apiVersion: v1',
    }),
  ).finish(),
  CreateNodePoolRequest.encode(
    CreateNodePoolRequest.fromPartial({ project: 'default', cluster: 'demo', name: 'web', spec, options }),
  ).finish(),
  UpdateNodePoolRequest.encode(
    UpdateNodePoolRequest.fromPartial({
      project: 'default',
      nodePool: 'web',
      spec,
      updateMask: ['size'],
      etag: '"3"',
      options,
    }),
  ).finish(),
  CreateTokenRequest.encode(
    CreateTokenRequest.fromPartial({
      project: 'default',
      maxUses: 3,
      ttl: { seconds: 3600n, nanos: 0 },
      sourceCidrs: ['10.0.0.0/8'],
      options,
    }),
  ).finish(),
  ListNodesRequest.encode(
    ListNodesRequest.fromPartial({
      project: 'default',
      options: { pageSize: 10, filter: 'state = RUNNING', orderBy: 'name desc' },
    }),
  ).finish(),
  DrainNodeRequest.encode(
    DrainNodeRequest.fromPartial({ project: 'default', node: 'edge-7', drain: { force: true } }),
  ).finish(),
];

/** Every request message of the API, from the service definitions themselves. */
export const requestTypes = (Object.keys(rpcPolicy) as ServiceName[]).flatMap((service) => {
  const definition: Readonly<Record<string, { requestDeserialize: (bytes: Buffer) => unknown }>> =
    proto[`${service}Service`];
  const rows: Readonly<Record<string, { bytesMax: number }>> = rpcPolicy[service];
  return Object.entries(definition).map(([method, { requestDeserialize }]) => ({
    name: `${service}.${method}`,
    decode: requestDeserialize,
    bytesMax: rows[method]?.bytesMax ?? 0,
  }));
});
