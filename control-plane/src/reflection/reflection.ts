import { status, type Server, type ServerDuplexStream } from '@grpc/grpc-js';
import type { FileRegistry } from '@bufbuild/protobuf';
import { hardened } from '../api/hardened.js';
import { catalogueOf, type Catalogue } from './catalogue.js';
import { parseRequest, toResponse, type ReflectionRequest, type Reply } from './wire.js';

type Stream = ServerDuplexStream<ReflectionRequest, Uint8Array>;

/**
 * Adds server reflection in both versions that clients speak. All services of the registry are listed; reflection is not
 * among them, so that everything that is listed can be described.
 */
export function addReflection(server: Pick<Server, 'addService'>, registry: FileRegistry): void {
  const catalogue = catalogueOf(registry);
  const answer = (request: ReflectionRequest): Uint8Array => toResponse(request, replyTo(request, catalogue));
  const hard = hardened(server);
  for (const version of ['v1', 'v1alpha']) {
    hard.addService(
      {
        ServerReflectionInfo: {
          path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
          originalName: 'serverReflectionInfo',
          requestStream: true,
          responseStream: true,
          requestSerialize: (request: ReflectionRequest) => Buffer.from(request.bytes),
          requestDeserialize: parseRequest,
          responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes),
          responseDeserialize: (bytes: Buffer) => bytes,
        },
      },
      { ServerReflectionInfo: (stream: Stream) => converse(stream, answer) },
    );
  }
}

function converse(stream: Stream, answer: (request: ReflectionRequest) => Uint8Array): void {
  stream.on('data', (request: ReflectionRequest) => {
    if (stream.write(answer(request))) return;
    // Answers are far larger than questions: who does not read is not asked for more.
    stream.pause();
    stream.once('drain', () => stream.resume());
  });
  stream.on('end', () => stream.end());
}

function replyTo({ question }: ReflectionRequest, catalogue: Catalogue): Reply {
  switch (question.ask) {
    case 'services':
      return { kind: 'services', names: catalogue.services };
    case 'file-named': {
      const files = catalogue.fileNamed(question.name);
      return files === undefined ? unknown(`file ${question.name}`) : { kind: 'files', files };
    }
    case 'file-with': {
      const files = catalogue.fileWith(question.name);
      return files === undefined ? unknown(`symbol ${question.name}`) : { kind: 'files', files };
    }
    case 'file-extending':
      return unknown('extension');
    case 'extensions-of':
      return catalogue.hasMessage(question.name)
        ? { kind: 'extensions', of: question.name }
        : unknown(`message ${question.name}`);
    case 'nothing':
      return { kind: 'error', code: status.INVALID_ARGUMENT, message: 'The request asks nothing.' };
  }
}

function unknown(what: string): Reply {
  return { kind: 'error', code: status.NOT_FOUND, message: `The protos of this server have no ${what}.` };
}
