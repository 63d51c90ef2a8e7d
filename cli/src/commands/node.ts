import { GetNodeRequest, Node, NodeServiceService, RemoveNodeRequest, RetryNodeRequest } from '@flotilla/proto';
import type { Call } from '../call.js';
import { answered } from '../resources/resource.js';
import { confirmByName } from './confirm.js';
import { report } from './report.js';

/** `flotilla remove node NAME [--shrink]` */
export async function removeNode(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const cluster = call.options.text('cluster') ?? '';
  const shrink = call.options.flag('shrink');
  const { node } = await connection.unary(
    NodeServiceService.getNode,
    GetNodeRequest.create({ project, cluster, node: name }),
  );
  const found = answered(node, 'node');
  await confirmByName(call, { noun: 'node', name, deed: 'remove' }, [
    `This takes node ${name} out of pool ${found.pool} of cluster ${found.cluster}: it leaves, its pods move, the machine is cleaned.`,
    shrink
      ? 'A sized pool becomes one smaller. The machine goes back to Available.'
      : 'In a sized pool another machine takes the place. The machine goes back to Available.',
  ]);
  const answer = await connection.unary(
    NodeServiceService.removeNode,
    RemoveNodeRequest.create({ project, cluster, node: found.meta?.id ?? name, shrink, options: call.writeOptions() }),
  );
  await report(call, { noun: 'node', name, deed: 'is being removed', json: answer.node && Node.toJSON(answer.node) });
}

/** `flotilla retry node NAME` */
export async function retryNode(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const request = RetryNodeRequest.create({
    project,
    cluster: call.options.text('cluster') ?? '',
    node: name,
    options: call.writeOptions(),
  });
  const { node } = await connection.unary(NodeServiceService.retryNode, request);
  await report(call, { noun: 'node', name, deed: 'is tried again', json: node && Node.toJSON(node) });
  if (!call.dryRun) call.note(`Follow it: flotilla get node ${name} -w`);
}
