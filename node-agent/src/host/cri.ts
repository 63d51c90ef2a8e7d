import type { Host } from './host.js';
import { paths } from './paths.js';

/** One condition of the runtime, as the kubelet is told it. */
export interface RuntimeCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** Asks containerd over the interface that the kubelet uses (CRI). Throws `RPC_FAILED` with the system's code. */
export async function runtimeConditions(host: Host, timeoutMs: number): Promise<readonly RuntimeCondition[]> {
  const answer = await host.rpc({
    socket: paths.containerdSocket,
    method: '/runtime.v1.RuntimeService/Status',
    timeoutMs,
  });
  return parseRuntimeStatus(answer);
}

/** StatusResponse of CRI v1: field 1 RuntimeStatus, in it repeated field 1 RuntimeCondition {type, status, reason, message}. */
export function parseRuntimeStatus(message: Uint8Array): readonly RuntimeCondition[] {
  const [status] = fields(message).filter(({ number }) => number === 1);
  if (status === undefined) return [];
  return fields(status.bytes)
    .filter(({ number }) => number === 1)
    .map(({ bytes }) => {
      const parts = fields(bytes);
      const text = (number: number): string =>
        Buffer.from(parts.find((part) => part.number === number)?.bytes ?? []).toString('utf8');
      return {
        type: text(1),
        status: parts.some((part) => part.number === 2 && part.value === 1),
        reason: text(3),
        message: text(4),
      };
    });
}

interface Field {
  readonly number: number;
  readonly bytes: Uint8Array;
  readonly value: number;
}

/** Fields of a protobuf message of texts, messages and small numbers; ends at what it does not know. */
function fields(message: Uint8Array): readonly Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let shift = 1; at < message.length; shift *= 128) {
      const byte = message[at++] ?? 0;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) break;
    }
    return value;
  };
  while (at < message.length) {
    const key = varint();
    const value = varint();
    if (key % 8 === 2 && at + value > message.length) return found;
    if (key % 8 === 2) found.push({ number: key >> 3, bytes: message.subarray(at, (at += value)), value: 0 });
    else if (key % 8 === 0) found.push({ number: key >> 3, bytes: new Uint8Array(), value });
    else return found;
  }
  return found;
}
