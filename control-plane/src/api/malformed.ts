import { FlotillaError } from '@flotilla/kit';

/** Stands for a request whose bytes are no message; gRPC would answer a throwing deserializer with INTERNAL. */
export class Malformed {
  constructor(readonly reason: FlotillaError) {}
}

/** Decodes with a cap on size; whatever is wrong comes back as {@link Malformed}. */
export function tolerant(decode: (bytes: Buffer) => unknown, bytesMax: number): (bytes: Buffer) => unknown {
  return (bytes) => {
    if (bytes.length > bytesMax) {
      const text = `The request has ${bytes.length} bytes; this method takes at most ${bytesMax}.`;
      return new Malformed(
        new FlotillaError('REQUEST_TOO_LARGE', text, { kind: 'exhausted', remedy: 'Send less at once.' }),
      );
    }
    try {
      return decode(bytes);
    } catch (cause) {
      const text = 'The request is not a message of this method.';
      return new Malformed(new FlotillaError('MALFORMED_REQUEST', text, { kind: 'invalid-argument', cause }));
    }
  };
}
