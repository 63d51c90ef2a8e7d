import { FlotillaError, formatDuration } from '@flotilla/kit';
import { paths } from '../host/paths.js';
import { isFalse, isTrue, isUnknown, type Finding, type HostProbe, type ProbeContext } from './probe.js';

const everyMs = 30_000;
const timeoutMs = 6_000;
/** The kubelet renews it every 10 s; Kubernetes itself waits 40 s or more. */
const leaseFreshMs = 40_000;

/** What the system's codes mean to a person; TLS and the rest fall to their own words. */
const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Refused',
  ETIMEDOUT: 'Timeout',
  EHOSTUNREACH: 'Unroutable',
  ENETUNREACH: 'Unroutable',
  ENOTFOUND: 'NameUnresolved',
  EAI_AGAIN: 'NameUnresolved',
  ECONNRESET: 'Reset',
};

type Answer =
  | { readonly kind: 'unable'; readonly why: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly message: string }
  | { readonly kind: 'answered'; readonly status: number; readonly body: string; readonly dateMs: number | undefined };

/** Reads this node's own Lease with the kubelet's certificate: what the node may always read. */
async function askForLease({ host, nodeName }: ProbeContext): Promise<Answer> {
  const kubeconfig = await host.read(`${paths.etcKubernetes}/kubelet.conf`);
  const server = /^\s*server:\s*(https:\/\/\S+)$/m.exec(kubeconfig ?? '')?.[1];
  const identity = await host.read(`${paths.kubelet}/pki/kubelet-client-current.pem`);
  const ca = await host.read(`${paths.etcKubernetes}/pki/ca.crt`);
  if (server === undefined || identity === undefined || ca === undefined)
    return { kind: 'unable', why: 'the kubelet has no certificate yet' };
  const url = `${server}/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName ?? ''}`;
  try {
    const answer = await host.httpGet({ url, ca, clientCertificate: identity, clientKey: identity, timeoutMs });
    return { kind: 'answered', status: answer.status, body: answer.body, dateMs: answer.dateMs };
  } catch (error) {
    if (!(error instanceof FlotillaError)) throw error;
    const system = error.metadata['system'] ?? '';
    const reason = reasons[system] ?? (/CERT|SSL|TLS/.test(system) ? 'CertificateRefused' : 'NoAnswer');
    return { kind: 'failed', reason, message: error.message };
  }
}

function reachability(answer: Answer): Finding {
  if (answer.kind === 'unable') return isUnknown('NoCredentials', answer.why);
  if (answer.kind === 'failed') return isFalse(answer.reason, answer.message);
  const { status } = answer;
  if (status === 401) return isFalse('Unauthorized', "the API server does not take the kubelet's certificate");
  if (status === 403) return isFalse('Forbidden', 'the API server refuses this node its own Lease');
  if (status >= 500) return isFalse('ServerError', `the API server answers ${status}`);
  return isTrue('Reachable', 'the API server answers this node');
}

/** Ages are counted on the API server's own clock, so a wrong one here changes nothing. */
function leaseAge(answer: Answer): Finding {
  if (answer.kind !== 'answered') return isUnknown('ApiServerUnknown', 'the API server does not answer this host');
  if (answer.status === 404) return isFalse('Missing', 'this node has no Lease');
  const renewed = /"renewTime"\s*:\s*"([^"]+)"/.exec(answer.body)?.[1];
  const renewedMs = Date.parse(renewed ?? '');
  if (answer.status !== 200 || answer.dateMs === undefined || !Number.isFinite(renewedMs))
    return isUnknown('ApiServerUnknown', `the API server answers ${answer.status} without a Lease`);
  const ageMs = Math.max(0, answer.dateMs - renewedMs);
  const message = `the kubelet renewed its Lease ${formatDuration(ageMs)} ago`;
  return ageMs <= leaseFreshMs ? isTrue('Fresh', message) : isFalse('Stale', message);
}

/** Two findings of one question: it is asked once. */
export function apiServerProbes(): readonly HostProbe[] {
  let asked: { readonly atMs: number; readonly answer: Promise<Answer> } | undefined;
  const ask = (context: ProbeContext): Promise<Answer> => {
    const nowMs = context.clock.now().monotonicMs;
    if (asked === undefined || nowMs - asked.atMs >= everyMs / 2) asked = { atMs: nowMs, answer: askForLease(context) };
    return asked.answer;
  };
  /** Whether this host reaches its API server, as its kubelet does. */
  const apiServerReachable: HostProbe = {
    type: 'ApiServerReachable',
    everyMs,
    deadlineMs: 8_000,
    late: isFalse('Timeout', 'the API server does not answer'),
    read: async (context) => (context.nodeName === undefined ? undefined : reachability(await ask(context))),
  };
  /** Whether the kubelet of this host renews its Lease, as the API server sees it. */
  const nodeLease: HostProbe = {
    type: 'NodeLease',
    everyMs,
    deadlineMs: 8_000,
    read: async (context) => (context.nodeName === undefined ? undefined : leaseAge(await ask(context))),
  };
  return [apiServerReachable, nodeLease];
}
