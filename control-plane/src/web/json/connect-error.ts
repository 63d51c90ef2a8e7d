import { fromBinary, toJson, type FileRegistry, type JsonValue } from '@bufbuild/protobuf';
import type { FlotillaError } from '@flotilla/kit';
import { codeName, showError } from '../../api/status.js';

/** HTTP statuses of the codes, as the Connect protocol has them. */
const statuses: Readonly<Record<string, number>> = {
  CANCELLED: 499,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

export interface ConnectError {
  readonly status: number;
  readonly body: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly { readonly type: string; readonly value: string; readonly debug: JsonValue }[];
  };
}

/** The error as JSON: the same code, message and details that gRPC gives, the details readable under `debug`. */
export function connectError(error: FlotillaError, reference: string, registry: FileRegistry): ConnectError {
  const name = codeName(error);
  const { message, details } = showError(error, reference);
  return {
    status: statuses[name] ?? 500,
    body: {
      // Connect spells this one code as the English do not.
      code: name === 'CANCELLED' ? 'canceled' : name.toLowerCase(),
      message,
      details: details.map(({ typeUrl, value }) => {
        const type = typeUrl.replace(/^.*\//, '');
        const schema = registry.getMessage(type);
        const debug = schema === undefined ? {} : toJson(schema, fromBinary(schema, value), { registry });
        return { type, value: value.toString('base64').replace(/=+$/, ''), debug };
      }),
    },
  };
}
