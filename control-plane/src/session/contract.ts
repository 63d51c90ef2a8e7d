import type { SessionRequest, SessionResponse } from '@flotilla/proto';

/** One stream of an agent, as the door hands it over. Callbacks come one at a time. */
export interface AgentStream {
  /** Reading begins here. Throwing ends the stream with that error. */
  onMessage(listener: (message: SessionRequest) => void): void;
  onClose(listener: () => void): void;
  /** False when the agent reads too slowly. */
  send(message: SessionResponse): boolean;
  end(): void;
  fail(error: unknown): void;
}

/** Whose stream it is: proved by the certificate of its connection, never by a message. */
export interface AgentPeer {
  readonly machineId: string;
  readonly state: 'valid' | 'revoked' | 'expired';
  readonly remoteAddress: string;
}
