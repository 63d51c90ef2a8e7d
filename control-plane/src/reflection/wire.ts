import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** What one message of the stream asks; of several questions in it the last counts, as in every oneof. */
export type Question =
  | { readonly ask: 'file-named' | 'file-with' | 'extensions-of'; readonly name: string }
  | { readonly ask: 'file-extending' | 'services' | 'nothing' };

export interface ReflectionRequest {
  readonly host: string;
  readonly question: Question;
  /** The message as it came; the answer repeats it. */
  readonly bytes: Uint8Array;
}

export type Reply =
  | { readonly kind: 'files'; readonly files: readonly Uint8Array[] }
  | { readonly kind: 'extensions'; readonly of: string }
  | { readonly kind: 'services'; readonly names: readonly string[] }
  | { readonly kind: 'error'; readonly code: number; readonly message: string };

/** Reads a `ServerReflectionRequest`, the same in v1 and v1alpha. Throws when the bytes are no message. */
export function parseRequest(bytes: Uint8Array): ReflectionRequest {
  const reader = new BinaryReader(bytes);
  let host = '';
  let question: Question = { ask: 'nothing' };
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (type !== WireType.LengthDelimited) {
      reader.skip(type, field);
      continue;
    }
    const value = reader.bytes();
    if (field === 1) host = textOf(value);
    else question = questionOf(field, value) ?? question;
  }
  return { host, question, bytes };
}

function questionOf(field: number, value: Uint8Array): Question | undefined {
  switch (field) {
    case 3:
      return { ask: 'file-named', name: textOf(value) };
    case 4:
      return { ask: 'file-with', name: textOf(value) };
    case 5:
      return { ask: 'file-extending' };
    case 6:
      return { ask: 'extensions-of', name: textOf(value) };
    case 7:
      return { ask: 'services' };
    default:
      return undefined;
  }
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
}

/** Writes a `ServerReflectionResponse`, the same in v1 and v1alpha. */
export function toResponse(request: ReflectionRequest, reply: Reply): Uint8Array {
  const writer = new BinaryWriter();
  if (request.host !== '') writer.tag(1, WireType.LengthDelimited).string(request.host);
  writer.tag(2, WireType.LengthDelimited).bytes(request.bytes);
  switch (reply.kind) {
    case 'files':
      writer.tag(4, WireType.LengthDelimited).fork();
      for (const file of reply.files) writer.tag(1, WireType.LengthDelimited).bytes(file);
      break;
    case 'extensions':
      writer.tag(5, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.LengthDelimited).string(reply.of);
      break;
    case 'services':
      writer.tag(6, WireType.LengthDelimited).fork();
      for (const name of reply.names) {
        writer.tag(1, WireType.LengthDelimited).fork();
        writer.tag(1, WireType.LengthDelimited).string(name).join();
      }
      break;
    case 'error':
      writer.tag(7, WireType.LengthDelimited).fork();
      writer.tag(1, WireType.Varint).int32(reply.code);
      writer.tag(2, WireType.LengthDelimited).string(reply.message);
  }
  return writer.join().finish();
}
