import type { Host } from '../host/host.js';
import type { AgentStatus } from '../observe/status-file.js';

/** The daemon writes at least every ten seconds. */
const deadAfterMs = 35_000;

export async function readStatus(host: Host, stateDir: string): Promise<AgentStatus | undefined> {
  const text = await host.read(`${stateDir}/status.json`);
  return text === undefined ? undefined : (JSON.parse(text) as AgentStatus); // written atomically by this program
}

/** Whether the process that wrote it is still there. */
export async function isAlive(host: Host, status: AgentStatus, nowMs: number): Promise<boolean> {
  if (status.fatal !== undefined || nowMs - status.writtenMs > deadAfterMs) return false;
  const command = await host.read(`/proc/${status.pid}/cmdline`);
  return command !== undefined && command.includes('\0run');
}
