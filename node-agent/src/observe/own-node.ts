import { FlotillaError, type Clock } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { paths } from '../host/paths.js';

/** What the API server says of this machine's own Node, seen with the kubelet's certificate. */
export interface OwnNode {
  readonly registered: boolean;
  readonly networkReady: boolean;
  readonly ready: boolean;
  /** Why it is not ready, as Kubernetes says it. */
  readonly message: string;
}

export const absentNode: OwnNode = { registered: false, networkReady: false, ready: false, message: '' };

interface NodeCondition {
  readonly type?: string;
  readonly status?: string;
  readonly message?: string;
}

/** The conditions of a Node in JSON. */
export function parseOwnNode(json: string, hasCniConfig: boolean): OwnNode {
  const node = JSON.parse(json) as { status?: { conditions?: readonly NodeCondition[] } }; // shape of the Kubernetes API; every part optional
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready');
  const message = ready?.message ?? '';
  return {
    registered: true,
    networkReady: hasCniConfig && !/network.*not ready|cni plugin not initialized/i.test(message),
    ready: ready?.status === 'True',
    message: message.slice(0, 300),
  };
}

/** Reads it; absent when the kubelet has no certificate yet or the API server does not answer. */
export async function readOwnNode(host: Host, nodeName: string): Promise<OwnNode> {
  const kubeconfig = await host.read(`${paths.etcKubernetes}/kubelet.conf`);
  const server = /^\s*server:\s*(https:\/\/\S+)$/m.exec(kubeconfig ?? '')?.[1];
  const identity = await host.read(`${paths.kubelet}/pki/kubelet-client-current.pem`);
  const ca = await host.read(`${paths.etcKubernetes}/pki/ca.crt`);
  if (server === undefined || identity === undefined || ca === undefined) return absentNode;
  try {
    const url = `${server}/api/v1/nodes/${nodeName}`;
    const answer = await host.httpGet({ url, ca, clientCertificate: identity, clientKey: identity, timeoutMs: 5_000 });
    if (answer.status !== 200) return absentNode;
    const configs = (await host.list(paths.cniConfig)) ?? [];
    return parseOwnNode(
      answer.body,
      configs.some((name) => /\.(conf|conflist|json)$/.test(name)),
    );
  } catch (error) {
    if (error instanceof FlotillaError) return absentNode;
    throw error;
  }
}

/** Looks every two seconds until the node is ready, then every half minute. */
export async function watchOwnNode(
  ports: {
    readonly host: Host;
    readonly clock: Clock;
    readonly nodeName: () => string | undefined;
    readonly show: (node: OwnNode) => void;
  },
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const name = ports.nodeName();
    const node = name === undefined ? undefined : await readOwnNode(ports.host, name);
    if (node !== undefined) ports.show(node);
    await ports.clock.sleep(node?.ready === true ? 30_000 : 2_000, signal).catch(() => undefined);
  }
}
