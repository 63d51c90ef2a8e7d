import { join } from 'node:path';

import { bridgeName, machineName, portName, tableName } from '../pure/names.js';
import { bedsWithBridges, hasInterface, hasTable } from './network.js';
import { bedsWithCgroups, cgroupsOf, processesOf } from './cgroups.js';
import { exists, listNames } from './files.js';
import { hostMountsBelow, loopDevicesBelow } from './storage.js';
import { cacheDir } from './paths.js';
import { registeredBeds } from './registry.js';

/** Everything of a bed that can be found on this host without its state file, one line each. Empty when it is gone. */
export async function findLeftovers(bed: string, stateDir: string): Promise<string[]> {
  const servers = cgroupsOf(bed);
  return [
    ...processesOf(bed).map((pid) => `process ${String(pid)}`),
    ...servers.map((name) => `cgroup ${bed}/${name}`),
    ...(bedsWithCgroups().includes(bed) ? [`cgroup ${bed}`] : []),
    ...hostMountsBelow(stateDir).map(({ target }) => `mount ${target}`),
    ...(await loopDevicesBelow(stateDir)).map((device) => `loop device ${device}`),
    ...(hasInterface(bridgeName(bed)) ? [`bridge ${bridgeName(bed)}`] : []),
    ...servers.filter((name) => hasInterface(portName(bed, name))).map((name) => `interface ${portName(bed, name)}`),
    ...((await hasTable(bed)) ? [`nft table bridge ${tableName(bed)}`] : []),
    ...servers.map((name) => join('/run/systemd/nspawn/propagate', machineName(bed, name))).filter(exists),
    ...(exists(stateDir) ? [`directory ${stateDir}`] : []),
  ];
}

/** Names of all beds that left any trace on this host or in the default state directory. */
export function findBeds(): string[] {
  return [
    ...new Set([
      ...registeredBeds(),
      ...bedsWithCgroups(),
      ...bedsWithBridges(),
      ...listNames(join(cacheDir(), 'beds')),
    ]),
  ].sort();
}
