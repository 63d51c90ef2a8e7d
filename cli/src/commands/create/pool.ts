import { CreateNodePoolRequest, NodePool, NodePoolRole, NodePoolServiceService } from '@flotilla/proto';
import { type Call, parseLabels } from '../../call.js';
import { parseBytesOption, parseLocation, parseTaint } from '../../parse.js';
import { answered } from '../../resources/resource.js';
import { chooseCluster } from '../cluster-choice.js';
import { report } from '../report.js';

/** `flotilla create pool NAME` */
export async function createPool(call: Call): Promise<void> {
  const { options } = call;
  const name = call.argument('name');
  const size = options.number('size');
  const spec = {
    role: NodePoolRole.WORKER,
    ...(size === undefined ? {} : { size }),
    selector: {
      matchLabels: parseLabels('match-label', options.list('match-label')),
      os: options.text('os') ?? '',
      arch: options.text('arch') ?? '',
      minCpus: options.number('min-cpus') ?? 0,
      minMemoryBytes: parseBytesOption('min-memory', options.text('min-memory')),
      minDiskBytes: parseBytesOption('min-disk', options.text('min-disk')),
      location: parseLocation(options.text('location')),
    },
    template: {
      kubernetesVersion: options.text('kubernetes-version') ?? '',
      labels: parseLabels('node-label', options.list('node-label')),
      taints: options.list('taint').map(parseTaint),
      maxPods: options.number('max-pods') ?? 0,
      skippedChecks: [...options.list('skip-check')],
    },
  };
  const labels = parseLabels('label', options.list('label'));
  const { connection, project } = await call.session();
  const cluster = await chooseCluster(call);
  const { nodePool } = await connection.unary(
    NodePoolServiceService.createNodePool,
    CreateNodePoolRequest.create({ project, cluster, name, spec, labels, options: call.writeOptions() }),
  );
  await report(call, { noun: 'pool', name, deed: 'created', json: NodePool.toJSON(answered(nodePool, 'pool')) });
  if (!call.dryRun) call.note(`Add a server: flotilla token create --cluster ${cluster} --pool ${name}`);
}
