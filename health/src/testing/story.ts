import type { EngineExtension, NodeRecord } from '@flotilla/core';
import { World } from '@flotilla/core/testing';
import type { FakeAgent } from '@flotilla/core/testing';
import { formatDuration } from '@flotilla/kit';
import {
  ConditionStatus,
  EventSeverity,
  HealthVerdict,
  type NodePoolSpec,
  Probe,
  RepairRung,
  RepairState,
} from '@flotilla/proto';
import { healthExtension, type HealthOptions } from '../reconcile/extension.js';

/** Health with what the sessions know after a start: nobody was heard before it. */
function freshAfterStart(options: HealthOptions): EngineExtension {
  return (context) => {
    const { clock, sessions } = context.ports;
    const startedMs = clock.now().monotonicMs;
    const live: typeof sessions.live = (machineId) => {
      const known = sessions.live(machineId);
      const heard = known.lastHeardMs !== undefined && known.lastHeardMs >= startedMs;
      return { ...known, watchedSinceMs: startedMs, lastHeardMs: heard ? known.lastHeardMs : undefined };
    };
    const fleet: typeof sessions.fleet = () => sessions.fleet();
    return healthExtension(options)({ ...context, ports: { ...context.ports, sessions: { live, fleet } } });
  };
}

/** Of a node's life, what belongs to a story of repair. */
const lifecycle: ReadonlySet<string> = new Set(['NodeClaimed', 'NodeRunning', 'NodeFailed', 'NodeDeleted']);

export interface StoryWish extends HealthOptions {
  readonly controlPlane?: number;
  /** Size of pool web. */
  readonly workers?: number;
  readonly spares?: number;
  readonly spec?: Partial<NodePoolSpec>;
  /** Place of each machine, by name. */
  readonly places?: Readonly<Record<string, string>>;
}

/** A cluster whose health is watched: cp1.., web1.., spare1..; and what is told of it from `begin` on. */
export class Story {
  #fromRevision = 0;
  #fromWallMs = 0;
  #fromActs = new Map<string, number>();
  #marks: { readonly atMs: number; readonly text: string }[] = [];

  private constructor(readonly world: World) {}

  static async open({
    controlPlane = 1,
    workers = 3,
    spares = 0,
    spec = {},
    places = {},
    ...options
  }: StoryWish = {}): Promise<Story> {
    const story = new Story(await World.open({ extensions: [freshAfterStart(options)] }));
    const { world } = story;
    const cluster = await world.createCluster('prod', controlPlane);
    const names = (name: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${name}${i + 1}`);
    for (const name of names('cp', controlPlane)) await story.#enroll(name, 'pol_prod_cp', places);
    await world.settle();
    const poolId = await world.createPool(cluster, 'web', { size: workers });
    await story.change(spec);
    for (const name of names('web', workers)) await story.#enroll(name, poolId, places);
    await world.run(10_000);
    for (const name of names('spare', spares)) await story.#enroll(name, '', places);
    // Beyond every grace of our own beginning.
    await world.run(180_000, 30_000);
    return story;
  }

  async #enroll(name: string, poolId: string, places: Readonly<Record<string, string>>): Promise<void> {
    const agent = await this.world.enroll(name, poolId);
    agent.probes = [
      probe('KubeletHealthy', true),
      probe('ContainerRuntimeHealthy', true),
      probe('DiskPressure', false),
    ];
    const [provider = '', region = ''] = (places[name] ?? '').split('/');
    const location = { provider, region, zone: '' };
    if (provider !== '')
      await this.world.commit('api', { kind: 'machine.spec', machineId: `mch_${name}`, set: { location } });
  }

  /** Changes the spec of pool web. */
  async change(spec: Partial<NodePoolSpec>): Promise<void> {
    const pool = await this.world.store.read.pool('pol_prod_web');
    if (pool === undefined) throw new Error('no pool');
    await this.world.commit('api', { kind: 'pool.spec', pool: { ...pool, spec: { ...pool.spec, ...spec } } });
  }

  /** What happened until now is not told. */
  async begin(): Promise<void> {
    await this.world.settle();
    this.#fromRevision = await this.world.store.read.revision();
    this.#fromWallMs = this.world.clock.now().wallMs;
    for (const agent of this.world.agents.values()) this.#fromActs.set(agent.name, agent.acts.length);
  }

  /** What the world does, as the reader is told. */
  mark(text: string): void {
    this.#marks.push({ atMs: this.world.clock.now().wallMs, text });
  }

  agent(name: string): FakeAgent {
    const agent = this.world.agents.get(`mch_${name}`);
    if (agent === undefined) throw new Error(`no machine ${name}`);
    return agent;
  }

  async node(name: string): Promise<NodeRecord> {
    const [node] = await this.world.store.read.nodesByName(this.world.projectId, name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  /** The probe of a kind says this from now on. */
  say(name: string, type: string, status: boolean, message = ''): void {
    const agent = this.agent(name);
    agent.probes = [...agent.probes.filter((one) => one.type !== type), probe(type, status, message)];
    this.world.engine.wake(`machine:mch_${name}`);
  }

  /** Acts on hosts since the beginning, as `web1 restart-kubelet`; without the numbers of their orders. */
  acts(): string[] {
    return [...this.world.agents.values()].flatMap((agent) =>
      agent.acts.slice(this.#fromActs.get(agent.name) ?? 0).map((act) => `${agent.name} ${act.split(' ')[0] ?? ''}`),
    );
  }

  /** The events of nodes, pools and the cluster with their times, and how things stand. */
  async transcript(title: string): Promise<string> {
    const events = await this.world.store.read.eventsAfter(this.#fromRevision, 1000);
    const lines = events
      .filter(({ category, reason }) => category !== 'Progress' && (category !== 'Lifecycle' || lifecycle.has(reason)))
      .map(({ atMs, resourceKind, resourceName, severity, reason, message }) => ({
        atMs,
        text: `${severity === EventSeverity.WARNING ? '!' : ' '} ${resourceKind} ${resourceName}: ${reason}: ${message}`,
      }));
    const marks = this.#marks.map(({ atMs, text }) => ({ atMs, text: `* ${text}` }));
    const told = [...marks, ...lines].sort((a, b) => a.atMs - b.atMs);
    const story = told.map(({ atMs, text }) => `${formatDuration(atMs - this.#fromWallMs).padStart(6)} ${text}`);
    const acts = this.acts();
    return [
      title,
      '',
      ...story,
      '',
      'Done on hosts:',
      ...(acts.length === 0 ? ['  nothing'] : acts.map((act) => `  ${act}`)),
      '',
      'In the end:',
      ...(await this.#standing()),
      '',
    ].join('\n');
  }

  async #standing(): Promise<string[]> {
    const { items } = await this.world.store.read.nodes({ clusterId: 'clu_prod', includeEnded: true, pageSize: 500 });
    const lines: string[] = [];
    for (const node of [...items].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const [repair] = await this.world.store.read.repairsOf(node.id, 1);
      const verdict = node.endedAtMs === undefined ? (HealthVerdict[node.health?.verdict ?? 0] ?? '') : 'DELETED';
      const why = [node.health?.reason ?? '', node.health?.hold ?? ''].filter((text) => text !== '').join(': ');
      lines.push(`  ${node.name.padEnd(7)} ${verdict}${why === '' || verdict === 'DELETED' ? '' : ` ${why}`}`);
      if (repair === undefined) continue;
      const rungs = repair.history.map(({ rung, outcome }) => `${RepairRung[rung] ?? ''} ${outcome}`).join(', ');
      lines.push(`          repair ${RepairState[repair.state] ?? ''} (${repair.cause}): ${rungs}`);
    }
    return lines;
  }
}

export function probe(type: string, status: boolean, message = ''): Probe {
  return Probe.create({
    type,
    status: status ? ConditionStatus.TRUE : ConditionStatus.FALSE,
    reason: message === '' ? 'Probed' : 'Found',
    message,
  });
}
