import { openBalancer } from './balancer.js';
import { groundLeftovers, makeGround, removeGround, resumeGround, serverNames } from './ground.js';

/** While tests are written: the ground stays after a run, and the next run goes on with it. */
const keep = process.env['FLOTILLA_E2E_KEEP'] !== undefined;

/** Once for all files of life/ and heal/. */
export async function setup(): Promise<() => Promise<void>> {
  const startedMs = performance.now();
  const log = (line: string): void => {
    process.stderr.write(`    ${((performance.now() - startedMs) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
  };
  try {
    const bed = (keep ? await resumeGround() : undefined) ?? (await makeGround(log));
    const members = serverNames.map((name) => bed.server(name).address);
    const closeBalancer = await openBalancer({ host: bed.hostAddress, port: 6443 }, members);
    return async () => {
      await closeBalancer();
      if (!keep) await remove();
      log(keep ? 'the ground stays' : 'the ground is gone');
    };
  } catch (error) {
    if (!keep) await remove();
    throw error;
  }
}

async function remove(): Promise<void> {
  await removeGround();
  const left = await groundLeftovers();
  if (left.length > 0) throw new Error(`the ground left behind: ${left.join(', ')}`);
}
