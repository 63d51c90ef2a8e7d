import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { hardened } from './hardened.js';

/**
 * Adds grpc.health.v1, open to everybody who reaches the port: it says whether we are ready. Returns how readiness is
 * told.
 */
export function addHealth(server: Server, serviceNames: readonly string[]): (ready: boolean) => void {
  const health = new HealthImplementation(
    Object.fromEntries(['', ...serviceNames].map((name) => [name, 'NOT_SERVING'])),
  );
  health.addToServer(hardened(server));
  return (ready) => {
    for (const name of ['', ...serviceNames]) health.setStatus(name, ready ? 'SERVING' : 'NOT_SERVING');
  };
}
