import { credentials, type ChannelCredentials, type ChannelOptions } from '@grpc/grpc-js';
import type { TlsIdentity } from './identity.js';

const messageBytesMax = 1024 * 1024;

/** Options that a connection of weeks needs: nothing is retried or recorded behind our back. */
export const channelOptions: ChannelOptions = {
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_receive_message_length': messageBytesMax,
  'grpc.max_send_message_length': messageBytesMax,
  // We redial ourselves, with our own backoff: one channel is one attempt.
  'grpc.initial_reconnect_backoff_ms': 60_000,
  'grpc.max_reconnect_backoff_ms': 120_000,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
};

/** host:port as gRPC takes it. */
export function channelTarget(server: string): string {
  const url = new URL(server);
  return `${url.hostname}:${url.port || '443'}`;
}

/** Before a certificate: the server is verified by the pinned CA; `onLeaf` sees the certificate of the very connection used. */
export function enrollmentCredentials(caPem: string, onLeaf: (der: Buffer) => void): ChannelCredentials {
  return credentials.createSsl(Buffer.from(caPem), null, null, {
    checkServerIdentity: (_host, certificate) => {
      onLeaf(Buffer.from(certificate.raw));
      return undefined;
    },
  });
}

export function sessionCredentials(identity: TlsIdentity): ChannelCredentials {
  return credentials.createSsl(Buffer.from(identity.ca), Buffer.from(identity.key), Buffer.from(identity.certificate));
}
