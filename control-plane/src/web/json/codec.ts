import {
  fromBinary,
  fromJson,
  toBinary,
  toJson,
  type DescMessage,
  type FileRegistry,
  type JsonValue,
} from '@bufbuild/protobuf';
import { FlotillaError, invalidArgument } from '@flotilla/kit';
import { jsonProblems } from './problems.js';

/** JSON as protobuf defines it, both ways. Bytes are the meeting point with the messages that the handlers know. */
export class JsonCodec {
  constructor(private readonly registry: FileRegistry) {}

  /** The bytes of the message that the text means. Throws with every problem of it, or MALFORMED_REQUEST. */
  encode(message: DescMessage, text: string): Buffer {
    const body = parse(text);
    const problems = jsonProblems(message, body);
    if (problems.length > 0) throw invalidArgument(problems, 'See the fields there are: GET /openapi.json');
    try {
      // Checked just now; what is left is about values such as the 31st of February.
      return Buffer.from(toBinary(message, fromJson(message, body as JsonValue, { registry: this.registry })));
    } catch (cause) {
      throw malformed(cause instanceof Error ? cause.message.slice(0, 200) : 'it is no such message', cause);
    }
  }

  /** What JSON calls the message of these bytes. Every field is there, also those with their zero value. */
  decode(message: DescMessage, bytes: Uint8Array): JsonValue {
    return toJson(message, fromBinary(message, bytes), { registry: this.registry, alwaysEmitImplicit: true });
  }
}

function parse(text: string): unknown {
  try {
    // An empty body means the empty message, as with curl -X POST.
    return text.trim() === '' ? {} : JSON.parse(text);
  } catch (cause) {
    // The text itself is not repeated: it may hold a secret.
    throw malformed('the body is not JSON', cause);
  }
}

function malformed(why: string, cause: unknown): FlotillaError {
  return new FlotillaError('MALFORMED_REQUEST', `The request is not a message of this method: ${why}.`, {
    kind: 'invalid-argument',
    remedy: 'Send one JSON object in UTF-8. The fields there are: GET /openapi.json',
    cause,
  });
}
