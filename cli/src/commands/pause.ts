import {
  Cluster,
  ClusterServiceService,
  Machine,
  MachineServiceService,
  NodePool,
  NodePoolServiceService,
  PauseClusterRequest,
  PauseMachineRequest,
  PauseNodePoolRequest,
  ResumeClusterRequest,
  ResumeMachineRequest,
  ResumeNodePoolRequest,
} from '@flotilla/proto';
import type { Call } from '../call.js';
import { durationText } from '../manifest/form.js';
import { toDuration } from '../parse.js';
import { report } from './report.js';

type Pausable = 'cluster' | 'pool' | 'machine';

/** `flotilla pause pool|cluster|machine NAME --for 2h --why WHY` */
export function pause(noun: Pausable): (call: Call) => Promise<void> {
  return async (call) => {
    const duration = toDuration(call.options.number('for'));
    const json = await pauses[noun](call, { duration, reason: call.options.text('why') ?? '' });
    const lasts = call.options.number('for') ?? 2 * 3_600_000;
    await report(call, {
      noun,
      name: call.argument('name'),
      deed: `is paused for ${String(durationText({ seconds: String(lasts / 1000) }))}`,
      json,
    });
    if (!call.dryRun)
      call.note(`Nothing in it is repaired until then, or: flotilla resume ${noun} ${call.argument('name')}`);
  };
}

/** `flotilla resume pool|cluster|machine NAME` */
export function resume(noun: Pausable): (call: Call) => Promise<void> {
  return async (call) => {
    const json = await resumes[noun](call);
    await report(call, { noun, name: call.argument('name'), deed: 'is resumed', json });
  };
}

interface Wish {
  readonly duration: { seconds: bigint; nanos: number } | undefined;
  readonly reason: string;
}

const pauses: Readonly<Record<Pausable, (call: Call, wish: Wish) => Promise<unknown>>> = {
  cluster: async (call, wish) => {
    const { connection } = await call.session();
    const request = PauseClusterRequest.create({ ...(await base(call)), cluster: call.argument('name'), ...wish });
    const { cluster } = await connection.unary(ClusterServiceService.pauseCluster, request);
    return cluster && Cluster.toJSON(cluster);
  },
  pool: async (call, wish) => {
    const { connection } = await call.session();
    const where = { cluster: call.options.text('cluster') ?? '', nodePool: call.argument('name') };
    const request = PauseNodePoolRequest.create({ ...(await base(call)), ...where, ...wish });
    const { nodePool } = await connection.unary(NodePoolServiceService.pauseNodePool, request);
    return nodePool && NodePool.toJSON(nodePool);
  },
  machine: async (call, wish) => {
    const { connection } = await call.session();
    const request = PauseMachineRequest.create({ ...(await base(call)), machine: call.argument('name'), ...wish });
    const { machine } = await connection.unary(MachineServiceService.pauseMachine, request);
    return machine && Machine.toJSON(machine);
  },
};

const resumes: Readonly<Record<Pausable, (call: Call) => Promise<unknown>>> = {
  cluster: async (call) => {
    const { connection } = await call.session();
    const request = ResumeClusterRequest.create({ ...(await base(call)), cluster: call.argument('name') });
    const { cluster } = await connection.unary(ClusterServiceService.resumeCluster, request);
    return cluster && Cluster.toJSON(cluster);
  },
  pool: async (call) => {
    const { connection } = await call.session();
    const where = { cluster: call.options.text('cluster') ?? '', nodePool: call.argument('name') };
    const request = ResumeNodePoolRequest.create({ ...(await base(call)), ...where });
    const { nodePool } = await connection.unary(NodePoolServiceService.resumeNodePool, request);
    return nodePool && NodePool.toJSON(nodePool);
  },
  machine: async (call) => {
    const { connection } = await call.session();
    const request = ResumeMachineRequest.create({ ...(await base(call)), machine: call.argument('name') });
    const { machine } = await connection.unary(MachineServiceService.resumeMachine, request);
    return machine && Machine.toJSON(machine);
  },
};

async function base(call: Call): Promise<{ project: string; options: { requestId: string; validateOnly: boolean } }> {
  return { project: (await call.session()).project, options: call.writeOptions() };
}
