import { status } from '@grpc/grpc-js';
import {
  type AuditEntry,
  type CreateProjectRequest,
  type DrainNodeRequest,
  type ListAuditEntriesRequest,
  Machine,
  MachineState,
  Member,
  type Node,
  NodeDrain,
  NodeSpec,
  NodeState,
  Pause,
  type PauseMachineRequest,
  Project,
  ProjectState,
  type QuarantineMachineRequest,
  ResourceMeta,
  type SetMemberRequest,
  type UpdateMachineRequest,
  type UpdateProjectRequest,
} from '@flotilla/proto';
import { ago, fakeNowMs } from './fake-env.js';
import { FakeFailure } from './fake-failure.js';
import { checkEtag, find, type Listing, notFound, page } from './fake-pages.js';

/** The pause that a request asks for. */
export function pauseOf(duration: { seconds: bigint } | undefined, reason: string): Pause {
  const untilTime = new Date(fakeNowMs + Number(duration?.seconds ?? 7200n) * 1000);
  return Pause.create({ untilTime, reason, createdBy: 'api-key:bootstrap' });
}

/** The part of the fake fleet with nodes, machines, projects, members and the audit log. */
export class FakeLife {
  nodes: Node[] = [];
  machines: Machine[] = [];
  members: Member[] = [];
  audit: AuditEntry[] = [];
  projects: Project[] = [
    Project.create({
      meta: { name: 'default', id: 'prj_default', createTime: ago(86_400) },
      displayName: 'Default',
      state: ProjectState.ACTIVE,
    }),
  ];

  getNode({ node }: { node: string }) {
    return { node: find(this.nodes, node, 'node'), revision: 4n };
  }
  listNodes({ options, nodePool }: Listing & { nodePool: string }) {
    const { items, nextPageToken } = page(
      this.nodes.filter(({ pool }) => nodePool === '' || pool === nodePool),
      options,
    );
    return { nodes: items, nextPageToken };
  }
  removeNode(request: { node: string }) {
    return this.getNode(request);
  }
  replaceNode(request: { node: string }) {
    return this.getNode(request);
  }
  retryNode(request: { node: string }) {
    return this.getNode(request);
  }
  cordonNode(request: { node: string }) {
    return this.schedulable(request, false);
  }
  uncordonNode(request: { node: string }) {
    return this.schedulable(request, true);
  }
  /** As if nothing had to leave: tests of what has to put in their own answer. */
  drainNode({ node, drain, options }: DrainNodeRequest) {
    const answer = this.getNode({ node });
    if (options?.validateOnly === true) return answer;
    answer.node.spec = NodeSpec.create({ cordoned: true, drained: true });
    if (answer.node.status !== undefined) {
      answer.node.status.reason = 'Drained';
      answer.node.status.drain = NodeDrain.create({
        startTime: ago(0),
        deadlineTime: new Date(fakeNowMs + Number(drain?.timeout?.seconds ?? 3600n) * 1000),
        forced: drain?.force === true,
      });
    }
    return answer;
  }
  private schedulable(request: { node: string }, schedulable: boolean) {
    const answer = this.getNode(request);
    answer.node.spec = NodeSpec.create({ cordoned: !schedulable });
    if (answer.node.status !== undefined) {
      answer.node.status.state = schedulable ? NodeState.RUNNING : NodeState.RUNNING_SCHEDULING_DISABLED;
      answer.node.status.drain = undefined;
    }
    return answer;
  }

  getMachine({ machine }: { machine: string }) {
    return { machine: find(this.machines, machine, 'machine'), revision: 5n };
  }
  listMachines({ options }: Listing) {
    const { items, nextPageToken } = page(this.machines, options);
    return { machines: items, nextPageToken };
  }
  deleteMachine(request: { machine: string }) {
    return this.getMachine(request);
  }
  updateMachine({ machine, labels, location, remediationDisabled, updateMask, etag, options }: UpdateMachineRequest) {
    const found = find(this.machines, machine, 'machine');
    checkEtag(etag, found.meta?.etag);
    const has = (path: string): boolean => updateMask === undefined || updateMask.includes(path);
    const changed = Machine.fromPartial({
      ...found,
      meta: { ...found.meta, ...(has('labels') ? { labels } : {}) },
      spec: {
        ...found.spec,
        ...(has('location') ? { location } : {}),
        ...(has('remediation_disabled') ? { remediationDisabled } : {}),
      },
    });
    if (options?.validateOnly !== true) this.machines = this.machines.map((each) => (each === found ? changed : each));
    return { machine: changed, revision: 6n };
  }
  quarantineMachine({ machine, reason }: QuarantineMachineRequest) {
    const answer = this.getMachine({ machine });
    if (answer.machine.spec !== undefined) {
      answer.machine.spec.quarantined = true;
      answer.machine.spec.quarantineReason = reason;
    }
    return answer;
  }
  releaseMachine(request: { machine: string }) {
    const answer = this.getMachine(request);
    if (answer.machine.spec !== undefined) answer.machine.spec.quarantined = false;
    if (answer.machine.status !== undefined) answer.machine.status.state = MachineState.AVAILABLE;
    return answer;
  }
  pauseMachine({ machine, duration, reason }: PauseMachineRequest) {
    const answer = this.getMachine({ machine });
    if (answer.machine.status !== undefined) answer.machine.status.pause = pauseOf(duration, reason);
    return answer;
  }
  resumeMachine(request: { machine: string }) {
    const answer = this.getMachine(request);
    if (answer.machine.status !== undefined) answer.machine.status.pause = undefined;
    return answer;
  }

  getProject({ project }: { project: string }) {
    return { project: find(this.projects, project, 'project') };
  }
  listProjects({ options }: Listing) {
    const { items, nextPageToken } = page(this.projects, options);
    return { projects: items, nextPageToken };
  }
  createProject({ name, displayName, labels, options }: CreateProjectRequest) {
    if (this.projects.some(({ meta }) => meta?.name === name))
      throw new FakeFailure(status.ALREADY_EXISTS, 'PROJECT_EXISTS', `project ${name} exists already`);
    const project = Project.create({
      meta: { name, id: `prj_${name}`, labels, createTime: ago(0) },
      displayName,
      state: ProjectState.ACTIVE,
    });
    if (options?.validateOnly !== true) this.projects.push(project);
    return { project, revision: 1n };
  }
  updateProject({ project, displayName, labels, updateMask, etag, options }: UpdateProjectRequest) {
    const found = find(this.projects, project, 'project');
    checkEtag(etag, found.meta?.etag);
    const changed = Project.create({
      ...found,
      meta: ResourceMeta.create({ ...found.meta, ...(updateMask?.includes('labels') ? { labels } : {}) }),
      ...(updateMask?.includes('display_name') ? { displayName } : {}),
    });
    if (options?.validateOnly !== true) this.projects = this.projects.map((each) => (each === found ? changed : each));
    return { project: changed, revision: 2n };
  }
  deleteProject({ project, options }: { project: string; options: { validateOnly: boolean } | undefined }) {
    const found = find(this.projects, project, 'project');
    if (options?.validateOnly !== true) this.projects = this.projects.filter((each) => each !== found);
    return { project: found, revision: 3n };
  }

  listMembers({ options }: Listing) {
    const { items, nextPageToken } = page(this.members, options);
    return { members: items, nextPageToken };
  }
  setMember({ subject, role, options }: SetMemberRequest) {
    const member = Member.create({ meta: { id: `mem_${subject}`, createTime: ago(0) }, subject, role });
    if (options?.validateOnly !== true)
      this.members = [...this.members.filter((each) => each.subject !== subject), member];
    return { member };
  }
  removeMember({ subject, options }: { subject: string; options: { validateOnly: boolean } | undefined }) {
    if (!this.members.some((each) => each.subject === subject)) throw notFound('member', subject);
    if (options?.validateOnly !== true) this.members = this.members.filter((each) => each.subject !== subject);
    return {};
  }
  listAuditEntries({ options, actor }: ListAuditEntriesRequest) {
    const wanted = this.audit.filter((entry) => actor === '' || entry.actor === actor);
    const { items, nextPageToken } = page([...wanted].reverse(), options);
    return { entries: items, nextPageToken };
  }
}
