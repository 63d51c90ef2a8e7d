import type { Socket } from 'node:net';
import type { Clock } from '@flotilla/kit';
import { networkOf } from '../access/network.js';

/** How far a connection has come: `used` asked for something, `known` proved who it is. */
export type ConnectionPhase = 'handshake' | 'open' | 'used' | 'known';

export interface ConnectionLimits {
  /** Most connections that have not proved who they are, in all and from one address (IPv6: one /64). */
  readonly strangersMax: number;
  readonly strangersPerAddressMax: number;
  /** Most connections of any kind. */
  readonly connectionsMax: number;
  /** From the end of the handshake to the first request. */
  readonly firstRequestMs: number;
  /** A connection on which no byte moved for so long is dead, or stalls on purpose. gRPC's own pings count as bytes. */
  readonly stalledMs: number;
}

interface Connection {
  readonly socket: Socket;
  readonly address: string;
  phase: ConnectionPhase;
  sinceMs: number;
  certificate?: Buffer;
  bytes: number;
  movedAtMs: number;
  patient: boolean;
}

/** Every connection there is, so that limits hold before anybody is known and a revoked machine can be cut off. */
export class Connections {
  readonly #byPeer = new Map<string, Connection>();
  readonly #strangers = new Map<string, number>();
  #strangersTotal = 0;

  constructor(
    private readonly clock: Clock,
    private readonly limits: ConnectionLimits,
  ) {}

  get size(): number {
    return this.#byPeer.size;
  }

  get strangers(): number {
    return this.#strangersTotal;
  }

  /** Takes a new connection in, or false when a limit is reached: the caller destroys it. */
  add(socket: Socket): boolean {
    const peer = peerOf(socket);
    if (peer === undefined || this.#byPeer.size >= this.limits.connectionsMax) return false;
    const address = networkOf(socket.remoteAddress ?? '');
    const ofAddress = this.#strangers.get(address) ?? 0;
    if (this.#strangersTotal >= this.limits.strangersMax || ofAddress >= this.limits.strangersPerAddressMax)
      return false;
    const nowMs = this.clock.now().monotonicMs;
    const silence = { bytes: 0, movedAtMs: nowMs, patient: false };
    this.#byPeer.set(peer, { socket, address, phase: 'handshake', sinceMs: nowMs, ...silence });
    this.#count(address, 1);
    socket.once('close', () => this.#remove(peer));
    return true;
  }

  /** Moves a connection on; never back. An unknown peer is ignored: it has just closed. */
  advance(peer: string, phase: ConnectionPhase): void {
    const connection = this.#byPeer.get(peer);
    if (connection === undefined || rank[connection.phase] >= rank[phase]) return;
    if (phase === 'known') this.#count(connection.address, -1);
    connection.phase = phase;
    connection.sinceMs = this.clock.now().monotonicMs;
  }

  /** Notes the certificate (DER) that the other side proved to hold the key of; whose it is, others decide. */
  setCertificate(peer: string, certificate: Buffer): void {
    const connection = this.#byPeer.get(peer);
    if (connection !== undefined) connection.certificate = certificate;
  }

  /** The certificate (DER) of a connection; the same Buffer at every call. */
  certificateOf(peer: string): Buffer | undefined {
    return this.#byPeer.get(peer)?.certificate;
  }

  /** Ends one connection at once. */
  cut(peer: string): void {
    this.#byPeer.get(peer)?.socket.destroy();
  }

  /** Allows silence: the answer takes long to make, and is worth it. */
  allowSilence(peer: string): void {
    const connection = this.#byPeer.get(peer);
    if (connection !== undefined) connection.patient = true;
  }

  /** Ends those that finished their handshake and then asked for nothing, and those that stall. Returns how many. */
  sweep(): number {
    const nowMs = this.clock.now().monotonicMs;
    let ended = 0;
    for (const connection of this.#byPeer.values()) {
      const { socket, phase, sinceMs } = connection;
      const bytes = socket.bytesRead + socket.bytesWritten;
      if (bytes !== connection.bytes) Object.assign(connection, { bytes, movedAtMs: nowMs });
      const mute = phase === 'open' && nowMs - sinceMs >= this.limits.firstRequestMs;
      // The handshake has a deadline of its own, which does not count the time spent in line.
      const counted = phase !== 'handshake' && !connection.patient;
      const stalled = counted && nowMs - connection.movedAtMs >= this.limits.stalledMs;
      if (!mute && !stalled) continue;
      socket.destroy();
      ended += 1;
    }
    return ended;
  }

  closeAll(): void {
    for (const connection of this.#byPeer.values()) connection.socket.destroy();
  }

  #remove(peer: string): void {
    const connection = this.#byPeer.get(peer);
    if (connection === undefined) return;
    this.#byPeer.delete(peer);
    if (connection.phase !== 'known') this.#count(connection.address, -1);
  }

  #count(address: string, by: 1 | -1): void {
    const count = (this.#strangers.get(address) ?? 0) + by;
    if (count === 0) this.#strangers.delete(address);
    else this.#strangers.set(address, count);
    this.#strangersTotal += by;
  }
}

const rank: Readonly<Record<ConnectionPhase, number>> = { handshake: 0, open: 1, used: 2, known: 3 };

/** `address:port` of the other side, as gRPC calls name their peer; undefined once it is gone. */
export function peerOf(socket: Socket): string | undefined {
  if (socket.remoteAddress === undefined || socket.remotePort === undefined) return undefined;
  return `${socket.remoteAddress}:${socket.remotePort}`;
}
