/** HTTP/2 as bytes (RFC 9113), so that it can be wrong on purpose. */
const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export const frameTypes = {
  data: 0,
  headers: 1,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream >>> 0, 5);
  return Buffer.concat([head, payload]);
}

/** Header fields as HPACK literals that are not indexed (RFC 7541, 6.2.2); names and values below 127 bytes. */
export function headerBlock(fields: Readonly<Record<string, string>>): Buffer {
  const text = (value: string): Buffer => Buffer.concat([Buffer.of(value.length), Buffer.from(value)]);
  return Buffer.concat(Object.entries(fields).flatMap(([name, value]) => [Buffer.of(0), text(name), text(value)]));
}

/** A gRPC message with its prefix: not compressed, length. */
export function grpcMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

/** What a client sends for one unary call. */
export function callBytes(path: string, message: Uint8Array, stream = 1): Buffer {
  const { settings, headers, data } = frameTypes;
  const [endHeaders, endStream] = [0x4, 0x1];
  const fields = {
    ':method': 'POST',
    ':scheme': 'https',
    ':path': path,
    ':authority': 'localhost',
    'content-type': 'application/grpc',
    te: 'trailers',
  };
  return Buffer.concat([
    preface,
    frame(settings, 0, 0),
    frame(headers, endHeaders, stream, headerBlock(fields)),
    frame(data, endStream, stream, grpcMessage(message)),
  ]);
}
