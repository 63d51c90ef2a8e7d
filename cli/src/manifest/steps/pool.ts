import {
  CreateNodePoolRequest,
  DeleteNodePoolRequest,
  GetNodePoolRequest,
  NodePool,
  NodePoolRole,
  NodePoolServiceService,
  NodePoolSpec,
  UpdateNodePoolRequest,
} from '@flotilla/proto';
import { overlay } from '../difference.js';
import { writtenPart } from '../form.js';
import { type KindSteps, maskOf, partsOf, projectOf, unlessMissing } from './steps.js';

/** Only the fields that differ are sent, so that what others change elsewhere in the pool stays. */
export const poolSteps: KindSteps = {
  load: async (session, manifest) => {
    const request = GetNodePoolRequest.create({
      project: projectOf(session, manifest),
      cluster: manifest.cluster,
      nodePool: manifest.name,
    });
    const answer = await unlessMissing(session.connection.unary(NodePoolServiceService.getNodePool, request));
    const pool = answer?.nodePool;
    if (pool === undefined) return undefined;
    const document = writtenPart('NodePool', NodePool.toJSON(pool));
    return { id: pool.meta?.id ?? '', etag: pool.meta?.etag ?? '', document };
  },
  create: async (session, manifest, write) => {
    const { labels, spec: written } = partsOf(overlay({}, manifest.document));
    const spec = NodePoolSpec.fromJSON(written);
    if (spec.role === NodePoolRole.UNSPECIFIED) spec.role = NodePoolRole.WORKER;
    await session.connection.unary(
      NodePoolServiceService.createNodePool,
      CreateNodePoolRequest.create({
        project: projectOf(session, manifest),
        cluster: manifest.cluster,
        name: manifest.name,
        spec,
        labels,
        options: write,
      }),
    );
  },
  update: async (session, manifest, stored, { document, changed }, write) => {
    const { labels, spec } = partsOf(document);
    await session.connection.unary(
      NodePoolServiceService.updateNodePool,
      UpdateNodePoolRequest.create({
        project: projectOf(session, manifest),
        cluster: manifest.cluster,
        nodePool: stored.id,
        spec: NodePoolSpec.fromJSON(spec),
        labels,
        updateMask: maskOf(changed, maskPath),
        etag: stored.etag,
        options: write,
      }),
    );
  },
  remove: async (session, manifest, stored, write) => {
    const request = DeleteNodePoolRequest.create({
      project: projectOf(session, manifest),
      cluster: manifest.cluster,
      nodePool: stored.id,
      options: write,
    });
    await session.connection.unary(NodePoolServiceService.deleteNodePool, request);
  },
};

/** The server takes `size`, `health`, and one word below the selector and the template: `template.labels`. */
function maskPath(path: string): string {
  const [, group = '', field] = path.split('.');
  return (group === 'template' || group === 'selector') && field !== undefined ? `${group}.${field}` : group;
}
