import { FlotillaError } from '@flotilla/kit';
import type { Host } from './host.js';

/** Whether the kubelet on this host says it is well. */
export async function kubeletHealthy(host: Host): Promise<boolean> {
  try {
    const answer = await host.httpGet({ url: 'http://127.0.0.1:10248/healthz', timeoutMs: 3_000 });
    return answer.status === 200;
  } catch (error) {
    if (error instanceof FlotillaError) return false;
    throw error;
  }
}
