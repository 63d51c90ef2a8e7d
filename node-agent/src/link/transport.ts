import type { SessionRequest, SessionResponse } from '@flotilla/proto';

/** One open stream to the control plane. */
export interface SessionStream {
  /** False when the other side does not take more for now: only what matters should be sent. */
  send(message: SessionRequest): boolean;
  /** Ends with the stream; throws a FlotillaError when it broke. */
  readonly messages: AsyncIterable<SessionResponse>;
  /** Ends at once, without waiting for the other side. */
  destroy(): void;
  /** Renewal over the same connection. */
  renew(tlsCsr: Buffer, signature: Buffer): Promise<{ readonly certificateChain: string; readonly caBundle: string }>;
}

/** How streams are opened; a fake in tests, gRPC otherwise. */
export interface Transport {
  open(): Promise<SessionStream>;
}
