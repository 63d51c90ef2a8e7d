import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { request } from 'node:http';
import { FlotillaError, formatDuration } from '@flotilla/kit';
import { openTunnel, type ProxySettings } from '../host/proxy.js';

const timeoutMs = 10_000;
const chainMax = 6;

/** What the first contact with a server shows, once the pin was found right. */
export interface PinnedServer {
  /** PEM of the CA that has the pinned key. */
  readonly caPem: string;
  /** Wall clock of the server in ms, from the Date of an answer; second precision. */
  readonly serverTimeMs: number;
  /** Address of this host on the way to the server. */
  readonly localAddress: string;
}

function pinOf(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/** The chain as it was sent, leaf first. */
function chainOf(peer: DetailedPeerCertificate): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let current: DetailedPeerCertificate | undefined = peer;
  while (current !== undefined && current.raw !== undefined && chain.length < chainMax) {
    chain.push(new X509Certificate(current.raw));
    const issuer: DetailedPeerCertificate | undefined = current.issuerCertificate;
    current = issuer === current ? undefined : issuer;
  }
  return chain;
}

/**
 * The CA of the chain whose key is the pinned one, after checking that each certificate is signed by the next up to it,
 * that the leaf is for a server, and that it names the host. Validity in time is left out on purpose: a clock that is
 * wrong shall be told as such. Throws `CA_PIN_MISMATCH` or `SERVER_CERTIFICATE_WRONG`.
 */
export function verifyChain(chain: readonly X509Certificate[], caPin: string, hostname: string): X509Certificate {
  const caIndex = chain.findIndex((certificate) => pinOf(certificate) === caPin);
  const ca = chain[caIndex];
  if (ca === undefined) {
    throw new FlotillaError('CA_PIN_MISMATCH', `${hostname} does not have the key this machine was told to trust`, {
      kind: 'unauthenticated',
      retry: 'later',
      remedy:
        'Something between this host and the control plane answers in its place (a proxy that inspects TLS?), or the control plane was set up anew. Nothing was sent to it. Compare the pin, or run the install command of a new token.',
    });
  }
  const wrong = (why: string): FlotillaError =>
    new FlotillaError('SERVER_CERTIFICATE_WRONG', `the certificate of ${hostname} ${why}`, {
      kind: 'unauthenticated',
      retry: 'later',
      remedy: 'Check publicUrl in the configuration of flotilla-server, and that this host uses the same name.',
    });
  for (let index = 0; index < caIndex; index++) {
    const issuer = chain[index + 1];
    const certificate = chain[index];
    if (issuer === undefined || certificate === undefined || !issuer.ca || !certificate.verify(issuer.publicKey)) {
      throw wrong('is not signed by the pinned CA');
    }
  }
  const [leaf] = chain;
  // The same CA signs agents; without this check any of them could pose as the server.
  if (leaf === undefined || caIndex === 0 || !(leaf.keyUsage ?? []).includes('1.3.6.1.5.5.7.3.1'))
    throw wrong('is not one of a server');
  const named = isIP(hostname) === 0 ? leaf.checkHost(hostname) : leaf.checkIP(hostname);
  if (named === undefined) throw wrong(`does not name ${hostname} (it names ${leaf.subjectAltName ?? 'nothing'})`);
  return ca;
}

async function open(url: URL, proxy: ProxySettings): Promise<TLSSocket> {
  const hostname = url.hostname.replace(/^\[|\]$/g, '');
  const tunnel = await openTunnel(url, proxy, timeoutMs);
  return new Promise((resolve, reject) => {
    const socket = connect({
      ...(tunnel === undefined ? { host: hostname, port: Number(url.port || '443') } : { socket: tunnel }),
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      timeout: timeoutMs,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['http/1.1'],
      // Without a list of its own, a context reads all roots of Node.js into memory, for good.
      ca: [],
      // The pin decides, below, before a single byte of ours is sent.
      rejectUnauthorized: false,
    });
    const failed = (reason: string) => (): void => {
      socket.destroy();
      reject(
        new FlotillaError('SERVER_UNREACHABLE', `${url.host} ${reason}`, {
          kind: 'unavailable',
          remedy:
            'Check that this host reaches that address and port (firewall, route, DNS). It is tried again by itself.',
        }),
      );
    };
    socket.once('timeout', failed(`did not answer within ${timeoutMs / 1000} s`));
    socket.once('error', (error: Error) => failed(`could not be reached: ${error.message}`)());
    socket.once('secureConnect', () => resolve(socket));
  });
}

/** First contact: TLS, then the pin, then one harmless request for the server's time. Nothing of ours is sent before the pin is right. */
export async function contactPinned(server: string, caPin: string, proxy: ProxySettings): Promise<PinnedServer> {
  const url = new URL(server);
  const socket = await open(url, proxy);
  try {
    const ca = verifyChain(chainOf(socket.getPeerCertificate(true)), caPin, url.hostname.replace(/^\[|\]$/g, ''));
    const localAddress = socket.localAddress ?? '';
    const serverTimeMs = await askTime(socket, url);
    return { caPem: ca.toString(), serverTimeMs, localAddress };
  } finally {
    socket.destroy();
  }
}

function askTime(socket: TLSSocket, url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (reason: string): void =>
      reject(new FlotillaError('SERVER_UNREACHABLE', `${url.host} ${reason}`, { kind: 'unavailable' }));
    const ask = request({
      createConnection: () => socket,
      host: url.hostname,
      path: '/healthz',
      method: 'GET',
      timeout: timeoutMs,
      headers: { host: url.host },
    });
    ask.on('timeout', () => ask.destroy(new Error('no answer')));
    ask.on('error', (error) => failed(`ended the connection: ${error.message}`));
    ask.on('response', (answer) => {
      answer.resume();
      const timeMs = Date.parse(answer.headers.date ?? '');
      if (Number.isFinite(timeMs)) resolve(timeMs);
      else failed('answered without its time');
    });
    ask.end();
  });
}

const skewMsMax = 5 * 60_000;

/** Certificates are useless under a wrong clock, so it is told before anything else fails mysteriously. */
export function expectClock(wallMs: number, serverTimeMs: number): void {
  const skewMs = wallMs - serverTimeMs;
  if (Math.abs(skewMs) <= skewMsMax) return;
  const direction = skewMs > 0 ? 'ahead of' : 'behind';
  throw new FlotillaError(
    'CLOCK_SKEW',
    `the clock of this host (${new Date(wallMs).toISOString()}) is ${formatDuration(Math.abs(skewMs))} ${direction} the control plane's (${new Date(serverTimeMs).toISOString()})`,
    {
      kind: 'precondition',
      retry: 'later',
      remedy: 'Set the clock: sudo timedatectl set-ntp true (or install chrony). It is tried again by itself.',
    },
  );
}
