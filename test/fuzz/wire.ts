import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { BeginEnrollmentRequest, Heartbeat, SessionRequest } from '@flotilla/proto';
import type { Random } from '@flotilla/kit';
import { callBytes, frame, frameTypes, grpcMessage } from './http2-frames.js';
import { mutate } from './mutate.js';
import { requestCorpus } from './requests.js';

const enroll = BeginEnrollmentRequest.encode(BeginEnrollmentRequest.create({})).finish();
const beat = SessionRequest.encode(
  SessionRequest.create({ message: { $case: 'heartbeat', value: Heartbeat.create({ sequence: 1n }) } }),
).finish();

/** Whole conversations of a client, sound ones; each mutation breaks one somewhere. */
export const wireCorpus: readonly Uint8Array[] = [
  callBytes('/flotilla.agent.v1.EnrollmentService/BeginEnrollment', enroll),
  callBytes('/flotilla.agent.v1.AgentService/Session', beat),
  ...requestCorpus.map((message) => callBytes('/flotilla.operator.v1.ClusterService/CreateCluster', message)),
  callBytes('/grpc.health.v1.Health/Check', new Uint8Array()),
  callBytes('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', grpcMessage(new Uint8Array(20))),
  // Many streams at once, and as many resets.
  Buffer.concat([
    callBytes('/grpc.health.v1.Health/Check', new Uint8Array()),
    ...Array.from({ length: 50 }, (_, i) => frame(frameTypes.rstStream, 0, 3 + 2 * i, Buffer.alloc(4))),
    ...Array.from({ length: 50 }, () => frame(frameTypes.ping, 0, 0, Buffer.alloc(8))),
  ]),
].map((bytes) => Uint8Array.from(bytes));

export interface WireServer {
  readonly host: string;
  readonly port: number;
  readonly caPem: string;
}

const waitMsMax = 2_000;

/** One connection that says something wrong and then nothing; resolves when the server has closed it or time is over. */
export async function sendOnce(server: WireServer, bytes: Uint8Array): Promise<'closed' | 'open'> {
  const socket: TLSSocket = connect({
    host: server.host,
    port: server.port,
    ca: server.caPem,
    ALPNProtocols: ['h2'],
    checkServerIdentity: () => undefined,
  });
  socket.on('error', () => undefined); // a reset is one of the right answers
  socket.resume();
  const closed = once(socket, 'close').then(() => 'closed' as const);
  await Promise.race([once(socket, 'secureConnect'), closed]);
  socket.end(bytes);
  const ended = await Promise.race([closed, expired(socket)]);
  socket.destroy();
  return ended;
}

function expired(socket: TLSSocket): Promise<'open'> {
  return new Promise((resolve) => socket.setTimeout(waitMsMax, () => resolve('open')));
}

/** So many broken conversations, a few at once. */
export async function wireRound(
  server: WireServer,
  count: number,
  random: Random,
  between: () => Promise<void>,
): Promise<{ readonly sent: number; readonly leftOpen: number }> {
  let leftOpen = 0;
  const atOnce = 20;
  for (let sent = 0; sent < count; sent += atOnce) {
    const batch = Array.from({ length: Math.min(atOnce, count - sent) }, () =>
      sendOnce(server, mutate(wireCorpus, random)),
    );
    for (const ended of await Promise.all(batch)) if (ended === 'open') leftOpen++;
    await between();
  }
  return { sent: count, leftOpen };
}
