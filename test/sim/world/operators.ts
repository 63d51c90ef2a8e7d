import type { Change } from '@flotilla/core';
import { HealthMode, NodePoolRole } from '@flotilla/proto';
import { pick, type FaultContext } from './faults.js';
import type { ModelNode } from '../checkers/model.js';

const minute = 60_000;
export type OperatorAct = (context: FaultContext) => void;

function workers({ checks }: FaultContext): ModelNode[] {
  return [...checks.model.nodes.values()].filter(
    ({ node, removal }) => node.role === NodePoolRole.WORKER && removal === undefined,
  );
}

/** Through the store, as the doors do after their checks; a conflict only means that it was too late. */
function order({ world }: FaultContext, what: string, ...changes: Change[]): void {
  world.kernel.log(`OPERATOR ${what}`);
  world.commit('api', ...changes).catch((error: unknown) => {
    world.kernel.log(`refused: ${error instanceof Error ? error.message : String(error)}`);
  });
}

function onNode(context: FaultContext, run: (node: ModelNode) => void): void {
  const node = pick(context.random, workers(context));
  if (node !== undefined) run(node);
}

/** What people do while things break. */
export const operatorActs = {
  scale: (context) => {
    const pools = [...context.checks.model.pools.values()].filter(({ pool }) => pool.spec.role === NodePoolRole.WORKER);
    const found = pick(context.random, pools);
    if (found === undefined) return;
    const { pool } = found;
    const size = Math.max(0, (pool.spec.size ?? 1) + (context.random.fraction() < 0.5 ? 1 : -1));
    order(context, `scales ${pool.name} to ${size}`, {
      kind: 'pool.spec',
      pool: { ...pool, spec: { ...pool.spec, size } },
    });
  },
  remove: (context) =>
    onNode(context, ({ node }) =>
      order(context, `removes ${node.machineName}`, {
        kind: 'node.remove',
        nodeId: node.id,
        removal: {
          atMs: context.world.wallMs,
          reason: 'OperatorRemoved',
          by: 'operator',
          drain: context.random.fraction() < 0.7,
        },
      }),
    ),
  replace: (context) =>
    onNode(context, ({ node }) =>
      order(context, `replaces ${node.machineName}`, {
        kind: 'node.replace',
        nodeId: node.id,
        replace: {
          atMs: context.world.wallMs,
          reason: 'OperatorReplaced',
          by: 'operator',
          timeoutMs: undefined,
          force: false,
        },
      }),
    ),
  cordon: (context) =>
    onNode(context, ({ node }) => {
      const nodeId = node.id;
      order(context, `cordons ${node.machineName}`, {
        kind: 'node.cordon',
        nodeId,
        cordon: { atMs: context.world.wallMs, by: 'operator' },
      });
      context.world.kernel.at(5 * minute, () =>
        order(context, `uncordons ${node.machineName}`, { kind: 'node.cordon', nodeId, cordon: undefined }),
      );
    }),
  drain: (context) =>
    onNode(context, ({ node }) => {
      const nodeId = node.id;
      const drain = { atMs: context.world.wallMs, by: 'operator', timeoutMs: undefined, force: false };
      order(context, `drains ${node.machineName}`, { kind: 'node.drain', nodeId, drain });
      context.world.kernel.at(6 * minute, () =>
        order(context, `ends the drain of ${node.machineName}`, { kind: 'node.drain', nodeId, drain: undefined }),
      );
    }),
  pause: (context) => {
    const pool = pick(context.random, [...context.checks.model.pools.values()]);
    if (pool === undefined) return;
    const { id, name } = pool.pool;
    const pause = {
      untilMs: context.world.wallMs + (2 + context.random.fraction() * 10) * minute,
      reason: 'work on the rack',
      by: 'operator',
    };
    order(context, `pauses ${name}`, { kind: 'pause.set', of: 'pool', id, pause });
    if (context.random.fraction() < 0.5)
      context.world.kernel.at(4 * minute, () =>
        order(context, `resumes ${name}`, { kind: 'pause.set', of: 'pool', id, pause: undefined }),
      );
  },
  'opt out': (context) => {
    const machine = pick(context.random, [...context.world.machines.values()]);
    if (machine === undefined) return;
    const set = (remediationDisabled: boolean): void =>
      order(context, `${remediationDisabled ? 'opts' : 'brings back'} ${machine.name}`, {
        kind: 'machine.spec',
        machineId: machine.id,
        set: { remediationDisabled },
      });
    set(true);
    context.world.kernel.at(8 * minute, () => set(false));
  },
  label: (context) => {
    const found = pick(
      context.random,
      [...context.checks.model.pools.values()].filter(({ pool }) => pool.spec.role === NodePoolRole.WORKER),
    );
    if (found?.pool.spec.template === undefined) return;
    const { pool } = found;
    const labels = { tier: `t${Math.floor(context.random.fraction() * 3)}` };
    const template = { ...pool.spec.template, labels } as typeof found.pool.spec.template; // spread of what is there
    order(context, `labels ${pool.name} ${labels.tier}`, {
      kind: 'pool.spec',
      pool: { ...pool, spec: { ...pool.spec, template }, templateRevision: pool.templateRevision + 1 },
    });
  },
  observe: (context) => {
    const found = pick(context.random, [...context.checks.model.pools.values()]);
    if (found === undefined) return;
    const { pool } = found;
    const set = (mode: HealthMode): void =>
      order(context, `sets ${pool.name} to ${HealthMode[mode] ?? ''}`, {
        kind: 'pool.spec',
        pool: {
          ...(context.checks.model.pools.get(pool.id)?.pool ?? pool),
          spec: { ...pool.spec, health: { ...pool.spec.health, mode } as typeof pool.spec.health },
        },
      });
    set(HealthMode.OBSERVE);
    context.world.kernel.at(7 * minute, () => set(HealthMode.ENABLED));
  },
  'kubectl uncordons': (context) =>
    onNode(context, ({ node }) => {
      context.world.kernel.log(`OPERATOR uncordons ${node.machineName} by kubectl`);
      context.world.api.kubectl(node.machineName, { unschedulable: false });
    }),
  retire: (context) => {
    const spare = pick(
      context.random,
      [...context.checks.model.machines.values()].filter(
        ({ id, retired }) => !retired && context.checks.model.nodeOfMachine(id) === undefined,
      ),
    );
    if (spare !== undefined)
      order(context, `retires ${spare.id}`, { kind: 'machine.spec', machineId: spare.id, set: { retire: true } });
  },
  enroll: (context) => {
    const { world } = context;
    if (world.machines.size >= 14) return;
    const name = `late${world.machines.size}`;
    world.kernel.log(`OPERATOR installs ${name}`);
    void world.enroll(name, { zone: pick(context.random, ['a', 'b']) ?? 'a' });
  },
} as const satisfies Readonly<Record<string, OperatorAct>>;

export type OperatorActName = keyof typeof operatorActs;
