import {
  CreateNodePoolRequest,
  GetNodePoolRequest,
  type NodePool,
  NodePoolRole,
  NodePoolServiceService,
  NodePoolSpec,
  UpdateNodePoolRequest,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Call, Session } from '../call.js';
import type { Step } from './cluster-step.js';
import { differences, overlay } from './difference.js';
import type { Manifest } from './read.js';

/**
 * A pool is created, changed in the fields that were written, or already so. `clusterComing` = its cluster is made by the
 * same call, so the server cannot check the pool yet.
 */
export async function planPool(
  session: Session,
  manifest: Manifest,
  call: Call,
  clusterComing: boolean,
): Promise<Step> {
  const existing = await existingPool(session, manifest);
  const what = `pool/${manifest.name}`;
  if (existing === undefined) {
    if (!clusterComing)
      await session.connection.unary(
        NodePoolServiceService.createNodePool,
        createRequest(session, manifest, call, true),
      );
    const commit = async (at: Session): Promise<void> => {
      await at.connection.unary(NodePoolServiceService.createNodePool, createRequest(at, manifest, call, false));
    };
    return { what, deed: 'created', commit };
  }
  const request = updateRequest(session, manifest, existing, call, true);
  if (request.updateMask?.length === 0) return { what, deed: 'unchanged', commit: undefined };
  await session.connection.unary(NodePoolServiceService.updateNodePool, request);
  const commit = async (at: Session): Promise<void> => {
    await at.connection.unary(
      NodePoolServiceService.updateNodePool,
      updateRequest(at, manifest, existing, call, false),
    );
  };
  return { what, deed: 'changed', commit };
}

async function existingPool({ connection, project }: Session, manifest: Manifest): Promise<NodePool | undefined> {
  try {
    const request = GetNodePoolRequest.create({
      project: projectOf(manifest, project),
      cluster: manifest.cluster,
      nodePool: manifest.name,
    });
    return (await connection.unary(NodePoolServiceService.getNodePool, request)).nodePool;
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

function createRequest(
  { project }: Session,
  manifest: Manifest,
  call: Call,
  validateOnly: boolean,
): CreateNodePoolRequest {
  const spec = NodePoolSpec.fromJSON(overlay({}, manifest.spec));
  if (spec.role === NodePoolRole.UNSPECIFIED) spec.role = NodePoolRole.WORKER;
  return CreateNodePoolRequest.create({
    project: projectOf(manifest, project),
    cluster: manifest.cluster,
    name: manifest.name,
    spec,
    labels: { ...manifest.labels },
    options: { ...call.writeOptions(), validateOnly },
  });
}

/** Only the fields that differ, so that what others change elsewhere in the pool stays. */
function updateRequest(
  { project }: Session,
  manifest: Manifest,
  existing: NodePool,
  call: Call,
  validateOnly: boolean,
): UpdateNodePoolRequest {
  const before = existing.spec === undefined ? {} : NodePoolSpec.toJSON(existing.spec);
  // The server takes paths of at most two words.
  const fields = differences(manifest.spec, before).map((path) => path.split('.').slice(0, 2).join('.'));
  return UpdateNodePoolRequest.create({
    project: projectOf(manifest, project),
    cluster: manifest.cluster,
    nodePool: manifest.name,
    spec: NodePoolSpec.fromJSON(overlay(before, manifest.spec)),
    updateMask: [...new Set(fields)],
    options: { ...call.writeOptions(), validateOnly },
  });
}

function projectOf(manifest: Manifest, project: string): string {
  return manifest.project === '' ? project : manifest.project;
}
