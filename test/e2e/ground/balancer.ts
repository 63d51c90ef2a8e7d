import { connect, createServer, type Server, type Socket } from 'node:net';

const connectMs = 1000;
const checkEveryMs = 500;

interface Backend {
  readonly host: string;
  readonly port: number;
  up: boolean;
  readonly open: Set<Socket>;
}

/**
 * The load balancer that a cluster of several control planes has in front: TCP, round robin over the members that answer.
 * A member that stops to answer loses its connections, so that clients dial anew.
 */
export async function openBalancer(
  listen: { readonly host: string; readonly port: number },
  members: readonly string[],
): Promise<() => Promise<void>> {
  const backends = members.map((host): Backend => ({ host, port: listen.port, up: false, open: new Set() }));
  let next = 0;
  const server: Server = createServer((client) => {
    client.on('error', () => client.destroy());
    const up = backends.filter((each) => each.up);
    const backend = up[(next += 1) % Math.max(1, up.length)];
    if (backend === undefined) client.destroy();
    else join(client, backend);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(listen.port, listen.host, resolve);
  });
  const timer = setInterval(() => backends.forEach(check), checkEveryMs);
  return () => {
    clearInterval(timer);
    for (const { open } of backends) for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
}

function join(client: Socket, backend: Backend): void {
  const upstream = connect({ host: backend.host, port: backend.port });
  for (const [one, other] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    backend.open.add(one);
    one.on('error', () => one.destroy());
    one.on('close', () => {
      backend.open.delete(one);
      other.destroy();
    });
  }
  client.pipe(upstream).pipe(client);
}

function check(backend: Backend): void {
  const probe = connect({ host: backend.host, port: backend.port, timeout: connectMs });
  const said = (up: boolean): void => {
    probe.destroy();
    if (backend.up && !up) for (const socket of backend.open) socket.destroy();
    backend.up = up;
  };
  probe.on('connect', () => said(true));
  probe.on('timeout', () => said(false));
  probe.on('error', () => said(false));
}
