import { NodePool, NodePoolServiceService, UpdateNodePoolRequest } from '@flotilla/proto';
import { type Call, usageError } from '../call.js';
import { answered } from '../resources/resource.js';
import { report } from './report.js';

/** `flotilla scale pool NAME --size N` (or `--open`) */
export async function scalePool(call: Call): Promise<void> {
  const name = call.argument('name');
  const size = call.options.number('size');
  const open = call.options.flag('open');
  if ((size === undefined) !== open) throw usageError('a pool is scaled to --size N, or made --open: give one of them');
  const { connection, project } = await call.session();
  const { nodePool } = await connection.unary(
    NodePoolServiceService.updateNodePool,
    UpdateNodePoolRequest.create({
      project,
      cluster: call.options.text('cluster') ?? '',
      nodePool: name,
      spec: size === undefined ? {} : { size },
      updateMask: ['size'],
      options: call.writeOptions(),
    }),
  );
  const deed = size === undefined ? 'is open' : `scales to ${size}`;
  await report(call, { noun: 'pool', name, deed, json: NodePool.toJSON(answered(nodePool, 'pool')) });
}
