import {
  Cluster,
  ClusterServiceService,
  DeleteClusterRequest,
  DeleteMachineRequest,
  DeleteNodePoolRequest,
  DeleteProjectRequest,
  GetClusterRequest,
  GetMachineRequest,
  GetNodePoolRequest,
  GetProjectRequest,
  Machine,
  MachineServiceService,
  NodePool,
  NodePoolServiceService,
  Project,
  ProjectServiceService,
} from '@flotilla/proto';
import type { Call } from '../call.js';
import { everything } from '../resources/resource.js';
import { parseGoal } from '../resources/wanted.js';
import { confirmByName } from './confirm.js';
import { report } from './report.js';
import { waitFor } from './wait.js';

type Deletable = 'cluster' | 'pool' | 'machine' | 'project';

/** `flotilla delete cluster NAME` */
export async function deleteCluster(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const { cluster } = await connection.unary(
    ClusterServiceService.getCluster,
    GetClusterRequest.create({ project, cluster: name }),
  );
  const count = cluster?.status?.nodesTotal ?? 0;
  await confirmByName(call, { noun: 'cluster', name, deed: 'delete' }, [
    `This deletes cluster ${name}: ${nodesText(count, 'their pods stop')}certificates and tokens are revoked.`,
    'Kept: the machines (back to Available), volumes outside /var/lib/kubelet, your files.',
  ]);
  const answer = await connection.unary(
    ClusterServiceService.deleteCluster,
    DeleteClusterRequest.create({ project, cluster: cluster?.meta?.id ?? name, options: call.writeOptions() }),
  );
  await finish(call, 'cluster', name, answer.cluster && Cluster.toJSON(answer.cluster));
}

/** `flotilla delete pool NAME` */
export async function deletePool(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const { nodePool } = await connection.unary(
    NodePoolServiceService.getNodePool,
    GetNodePoolRequest.create({ project, cluster: call.options.text('cluster') ?? '', nodePool: name }),
  );
  const count = nodePool?.status?.nodesTotal ?? 0;
  const nodes = nodesText(count, 'their pods move where there is room').replace(/, $/, '');
  await confirmByName(call, { noun: 'pool', name, deed: 'delete' }, [
    `This deletes pool ${name} of cluster ${nodePool?.cluster ?? ''}: ${nodes === '' ? 'it has no nodes' : nodes}.`,
    'Kept: the machines (back to Available), the cluster and its other pools.',
  ]);
  const request = DeleteNodePoolRequest.create({
    project,
    cluster: nodePool?.cluster ?? '',
    nodePool: nodePool?.meta?.id ?? name,
    options: call.writeOptions(),
  });
  const answer = await connection.unary(NodePoolServiceService.deleteNodePool, request);
  await finish(call, 'pool', name, answer.nodePool && NodePool.toJSON(answer.nodePool));
}

/** `flotilla delete machine NAME` */
export async function deleteMachine(call: Call): Promise<void> {
  const { connection, project } = await call.session();
  const name = call.argument('name');
  const { machine } = await connection.unary(
    MachineServiceService.getMachine,
    GetMachineRequest.create({ project, machine: name }),
  );
  const inUse = (machine?.status?.nodeId ?? '') !== '';
  await confirmByName(call, { noun: 'machine', name, deed: 'delete' }, [
    `This retires machine ${name}: ${inUse ? 'it leaves its cluster, then its identity is revoked.' : 'its identity is revoked.'}`,
    'It comes back only by enrolling anew. To take our files off the host: sudo flotilla-agent leave',
  ]);
  const answer = await connection.unary(
    MachineServiceService.deleteMachine,
    DeleteMachineRequest.create({ project, machine: machine?.meta?.id ?? name, options: call.writeOptions() }),
  );
  await finish(call, 'machine', name, answer.machine && Machine.toJSON(answer.machine));
}

/** `flotilla delete project NAME` */
export async function deleteProject(call: Call): Promise<void> {
  const { connection } = await call.session();
  const name = call.argument('name');
  await connection.unary(ProjectServiceService.getProject, GetProjectRequest.create({ project: name }));
  await confirmByName(call, { noun: 'project', name, deed: 'delete' }, [
    `This deletes project ${name}: its clusters first, then its tokens, keys, members and the identities of its machines.`,
    'Kept: the machines themselves, clean; they come back by enrolling anew.',
  ]);
  const request = DeleteProjectRequest.create({ project: name, options: call.writeOptions() });
  const { project } = await connection.unary(ProjectServiceService.deleteProject, request);
  await finish(call, 'project', name, project && Project.toJSON(project));
}

async function finish(call: Call, noun: Deletable, name: string, json: unknown): Promise<void> {
  await report(call, { noun, name, deed: 'is being deleted', json: json ?? {} });
  if (call.dryRun) return;
  if (call.options.flag('wait')) {
    await waitFor(call, [{ noun, name }], parseGoal('deleted'), {
      ...everything,
      cluster: call.options.text('cluster') ?? '',
    });
  } else call.note(`Follow it: flotilla wait ${noun}/${name} --for deleted`);
}

/** What becomes of the nodes and of what runs on them, up to and with a comma; empty when there are none. */
function nodesText(count: number, pods: string): string {
  if (count === 0) return '';
  return `${count === 1 ? '1 node leaves and is cleaned' : `${count} nodes leave and are cleaned`}, ${pods}, `;
}
