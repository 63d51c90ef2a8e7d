import {
  CreateNodePoolRequest,
  HealthMode,
  HealthPolicy,
  NodePool,
  NodePoolRole,
  NodePoolServiceService,
  type NodePoolSpec,
  UpdatePolicy,
  UpdateStrategy,
} from '@flotilla/proto';
import { type Call, parseLabels } from '../../call.js';
import { parseBytesOption, parseLocation, parseShare, parseTaint, parseThresholds, toDuration } from '../../parse.js';
import { answered } from '../../resources/resource.js';
import { chooseCluster } from '../cluster-choice.js';
import { report } from '../report.js';

const modes: Readonly<Record<string, HealthMode>> = {
  enabled: HealthMode.ENABLED,
  observe: HealthMode.OBSERVE,
  disabled: HealthMode.DISABLED,
};
const strategies: Readonly<Record<string, UpdateStrategy>> = {
  'in-place': UpdateStrategy.IN_PLACE,
  replace: UpdateStrategy.REPLACE,
  'in-place-else-replace': UpdateStrategy.IN_PLACE_ELSE_REPLACE,
};

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
      systemReserved: parseLabels('system-reserved', options.list('system-reserved')),
      kubeReserved: parseLabels('kube-reserved', options.list('kube-reserved')),
      evictionHard: parseThresholds(options.list('eviction-hard')),
    },
    ...policies(call),
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

/** Policies are sent only where something was said of them: the rest has the documented defaults. */
function policies({ options }: Call): Partial<Pick<NodePoolSpec, 'health' | 'update' | 'drainTimeout'>> {
  const mode = options.text('health');
  const health = {
    ...(mode === undefined ? {} : { mode: modes[mode] ?? HealthMode.UNSPECIFIED }),
    ...(options.given('max-unhealthy')
      ? { maxUnhealthy: parseShare('max-unhealthy', options.text('max-unhealthy')) }
      : {}),
    ...(options.given('startup-timeout') ? { nodeStartupTimeout: toDuration(options.number('startup-timeout')) } : {}),
    ...(options.flag('no-reboot') ? { rebootAllowed: false } : {}),
    ...(options.flag('no-replace') ? { replaceAllowed: false } : {}),
  };
  const strategy = options.text('strategy');
  const update = {
    ...(strategy === undefined ? {} : { strategy: strategies[strategy] ?? UpdateStrategy.UNSPECIFIED }),
    ...(options.given('max-unavailable')
      ? { maxUnavailable: parseShare('max-unavailable', options.text('max-unavailable')) }
      : {}),
    ...(options.given('max-surge') ? { maxSurge: parseShare('max-surge', options.text('max-surge')) } : {}),
  };
  return {
    ...(Object.keys(health).length === 0 ? {} : { health: HealthPolicy.create(health) }),
    ...(Object.keys(update).length === 0 ? {} : { update: UpdatePolicy.create(update) }),
    ...(options.given('drain-timeout') ? { drainTimeout: toDuration(options.number('drain-timeout')) } : {}),
  };
}
