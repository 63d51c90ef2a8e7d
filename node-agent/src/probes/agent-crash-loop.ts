import type { Clock } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { isFalse, isTrue, type HostProbe } from './probe.js';

const startsMax = 5;
const windowMs = 10 * 60_000;
const rememberedMax = 10;

interface Start {
  readonly bootId: string;
  /** Time since boot, where the kernel tells it. */
  readonly atMs: number;
}

function startsPath(stateDir: string): string {
  return `${stateDir}/starts.json`;
}

/** Since boot: no clock that is set changes it. */
async function uptimeMs(host: Host, clock: Clock): Promise<number> {
  const seconds = Number(((await host.read('/proc/uptime')) ?? '').split(' ')[0] ?? '');
  return seconds > 0 ? seconds * 1000 : clock.now().wallMs;
}

async function recentStarts(host: Host, clock: Clock, stateDir: string, bootId: string): Promise<readonly Start[]> {
  const nowMs = await uptimeMs(host, clock);
  try {
    const value: unknown = JSON.parse((await host.read(startsPath(stateDir))) ?? '[]');
    const starts = Array.isArray(value) ? (value as readonly Start[]) : []; // written by noteStart only
    return starts.filter((start) => start.bootId === bootId && nowMs - start.atMs < windowMs);
  } catch {
    // Damaged: it is written anew with the next start. A convenience must not keep the agent down.
    return [];
  }
}

/** At the start of a process. Never throws: on a full or read-only disk it is not counted. */
export async function noteStart(
  { host, clock }: { readonly host: Host; readonly clock: Clock },
  stateDir: string,
  bootId: string,
): Promise<void> {
  const earlier = await recentStarts(host, clock, stateDir, bootId);
  const starts = [...earlier, { bootId, atMs: await uptimeMs(host, clock) }].slice(-rememberedMax);
  await host.writeAtomic(startsPath(stateDir), `${JSON.stringify(starts)}\n`, 0o600).catch(() => undefined);
}

/** Many starts within minutes, of this boot; it ends when the agent has kept running for a while. */
export const agentCrashLoop: HostProbe = {
  type: 'AgentCrashLoop',
  everyMs: 30_000,
  deadlineMs: 5_000,
  async read({ host, clock, stateDir, bootId }) {
    const count = (await recentStarts(host, clock, stateDir, bootId)).length;
    const message = `the agent started ${count} ${count === 1 ? 'time' : 'times'} in the last 10 minutes`;
    return count >= startsMax ? isTrue('RestartsOften', message) : isFalse('Steady', message);
  },
};
