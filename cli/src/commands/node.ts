import {
  type DrainOptions,
  GetNodeRequest,
  Node,
  NodeServiceService,
  RemoveNodeRequest,
  ReplaceNodeRequest,
  RetryNodeRequest,
} from '@flotilla/proto';
import type { Call } from '../call.js';
import { toDuration } from '../parse.js';
import { answered } from '../resources/resource.js';
import { confirmByName } from './confirm.js';
import { report } from './report.js';

/** `flotilla remove node NAME [--shrink]` */
export async function removeNode(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const shrink = call.options.flag('shrink');
  const { name, cluster, found } = await findNode(call);
  await confirmByName(call, { noun: 'node', name, deed: 'remove' }, [
    `This takes node ${name} out of pool ${found.pool} of cluster ${found.cluster}: it leaves, its pods move, the machine is cleaned.`,
    shrink
      ? 'A sized pool becomes one smaller. The machine goes back to Available.'
      : 'In a sized pool another machine takes the place. The machine goes back to Available.',
    ...forceText(call),
  ]);
  const request = RemoveNodeRequest.create({
    project,
    cluster,
    node: found.meta?.id ?? name,
    shrink,
    drain: drainOptions(call),
    options: call.writeOptions(),
  });
  const answer = await connection.unary(NodeServiceService.removeNode, request);
  await finish(call, name, 'is being removed', answer.node);
}

/** `flotilla replace node NAME`: a spare first, where there is one. */
export async function replaceNode(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const { name, cluster, found } = await findNode(call);
  await confirmByName(call, { noun: 'node', name, deed: 'replace' }, [
    `This replaces node ${name} in pool ${found.pool} of cluster ${found.cluster}: another machine takes the place first where there is a spare;`,
    'then the node is drained and leaves, and its machine is cleaned and goes back to Available.',
    ...forceText(call),
  ]);
  const request = ReplaceNodeRequest.create({
    project,
    cluster,
    node: found.meta?.id ?? name,
    drain: drainOptions(call),
    options: call.writeOptions(),
  });
  const answer = await connection.unary(NodeServiceService.replaceNode, request);
  await finish(call, name, 'is being replaced', answer.node);
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
  await finish(call, name, 'is tried again', node);
}

async function findNode(call: Call): Promise<{ name: string; cluster: string; found: Node }> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const cluster = call.options.text('cluster') ?? '';
  const request = GetNodeRequest.create({ project, cluster, node: name });
  const { node } = await connection.unary(NodeServiceService.getNode, request);
  return { name, cluster, found: answered(node, 'node') };
}

function drainOptions({ options }: Call): DrainOptions {
  return { timeout: toDuration(options.number('drain-timeout')), force: options.flag('force') };
}

function forceText({ options }: Call): string[] {
  return options.flag('force')
    ? [
        'By force: pods that still stand when the time is over are deleted, also where a disruption budget protects them.',
      ]
    : [];
}

async function finish(call: Call, name: string, deed: string, node: Node | undefined): Promise<void> {
  await report(call, { noun: 'node', name, deed, json: node && Node.toJSON(node) });
  if (!call.dryRun) call.note(`Follow it: flotilla get node ${name} -w`);
}
