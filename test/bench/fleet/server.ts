import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../e2e/support.js';
import { openApi, type Api } from '../../e2e/ground/api.js';
import { ControlPlane } from '../../quickstart/control-plane.js';

export interface BenchServer {
  readonly controlPlane: ControlPlane;
  readonly api: Api;
  /** One per API key: limits count by caller. */
  readonly keys: readonly string[];
  readonly caPem: string;
  readonly host: string;
  readonly port: number;
  readonly dir: string;
  remove(): Promise<void>;
}

/** The server that ships, as a process of its own, with room for many connections and a data directory of its own. */
export async function startServer(name: string, host: string, port: number, keyCount: number): Promise<BenchServer> {
  const dir = join(root, '.flotilla', name);
  const at = { root, dir, publicUrl: `https://${host}:${port}`, listen: `${host}:${port}` };
  const controlPlane = new ControlPlane(at);
  await controlPlane.stop();
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  Object.assign(process.env, {
    FLOTILLA_CONNECTIONS_MAX: '60000',
    FLOTILLA_STRANGERS_MAX: '30000',
    FLOTILLA_STRANGERS_PER_ADDRESS_MAX: '30000',
    FLOTILLA_ACCEPT_PER_SECOND: '2000',
    FLOTILLA_LOG_LEVEL: 'warn',
  });
  await controlPlane.start();
  const { caPem, apiKey } = JSON.parse(readFileSync(join(controlPlane.dataDir, 'admin.json'), 'utf8')) as {
    caPem: string;
    apiKey: string;
  }; // written by the server
  const api = openApi(`${host}:${port}`, caPem, apiKey);
  const keys = [apiKey];
  for (let i = 1; i < keyCount; i += 1) {
    const { secret } = await api.access.createApiKey({ project: 'default', name: `bench-${i}`, role: 3 });
    keys.push(secret);
  }
  const remove = async (): Promise<void> => {
    api.close();
    await controlPlane.stop();
    rmSync(dir, { recursive: true, force: true });
  };
  return { controlPlane, api, keys, caPem, host, port, dir, remove };
}
