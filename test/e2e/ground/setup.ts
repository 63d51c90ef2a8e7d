import { openBalancer } from './balancer.js';
import { groundLeftovers, keepGround, makeGround, removeGround, resumeGround, serverNames } from './ground.js';

/** Once for all files of life/ and heal/. */
export async function setup(): Promise<() => Promise<void>> {
  const startedMs = performance.now();
  const log = (line: string): void => {
    process.stderr.write(`    ${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  try {
    const bed = (keepGround ? await resumeGround() : undefined) ?? (await makeGround(log));
    const members = serverNames.map((name) => bed.server(name).address);
    const closeBalancer = await openBalancer({ host: bed.hostAddress, port: 6443 }, members);
    return async () => {
      await closeBalancer();
      if (!keepGround) await remove();
      log(keepGround ? 'the ground stays' : 'the ground is gone');
    };
  } catch (error) {
    if (!keepGround) await remove();
    throw error;
  }
}

async function remove(): Promise<void> {
  await removeGround();
  const left = await groundLeftovers();
  if (left.length > 0) throw new Error(`the ground left behind: ${left.join(', ')}`);
}
