import type { BedState, Direction, Partition, PartitionFrom } from './bed-state.js';
import { portName, tableName } from './names.js';

/**
 * The nft input that makes the bridge drop exactly what the bed's partitions say: it replaces the whole table in one transaction.
 * Rules sit on ports, not on addresses, so broadcasts, overlays and IPv6 are cut as well.
 */
export function planPartitionRules(bed: BedState): string {
  const table = tableName(bed.name);
  const rules = { forward: new Set<string>(), input: new Set<string>(), output: new Set<string>() };
  for (const server of bed.servers) {
    const port = portName(bed.name, server.name);
    for (const partition of server.partitions) {
      const drop = dropOf(partition);
      addPeerRules(rules.forward, port, peerPorts(bed, partition.from), partition.direction, drop);
      if (partition.from !== 'all' && partition.from !== 'host') continue;
      if (partition.direction !== 'in') rules.input.add(`iifname "${port}" ${drop}`);
      if (partition.direction !== 'out') rules.output.add(`oifname "${port}" ${drop}`);
    }
  }
  const chains = Object.entries(rules).map(
    ([hook, lines]) =>
      `  chain ${hook} {\n    type filter hook ${hook} priority 0; policy accept;\n${[...lines].map((line) => `    ${line}\n`).join('')}  }\n`,
  );
  // Declaring the table first makes the deletion valid when it did not exist.
  return `table bridge ${table}\ndelete table bridge ${table}\ntable bridge ${table} {\n${chains.join('')}}\n`;
}

function dropOf({ lossPercent }: Partition): string {
  return lossPercent === undefined ? 'drop' : `numgen random mod 100 < ${String(lossPercent)} drop`;
}

/** null stands for any port. */
function peerPorts(bed: BedState, from: PartitionFrom): readonly (string | null)[] {
  if (from === 'all') return [null];
  if (from === 'host') return [];
  return from.map((name) => portName(bed.name, name));
}

function addPeerRules(
  rules: Set<string>,
  port: string,
  peers: readonly (string | null)[],
  direction: Direction,
  drop: string,
): void {
  for (const peer of peers) {
    const [source, target] = peer === null ? ['', ''] : [`iifname "${peer}" `, `oifname "${peer}" `];
    if (direction !== 'out') rules.add(`${source}oifname "${port}" ${drop}`);
    if (direction !== 'in') rules.add(`iifname "${port}" ${target}${drop}`);
  }
}
