import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Duplex } from 'node:stream';
import * as grpc from '@grpc/grpc-js';
import { fromBinary } from '@bufbuild/protobuf';
import {
  FileDescriptorProtoSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FileDescriptorProto,
} from '@bufbuild/protobuf/wkt';
import { loadSync } from '@grpc/proto-loader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../testing/server.js';
import { loadRegistry } from '../web/json/descriptors.js';
import { addReflection } from './reflection.js';
import { parseRequest } from './wire.js';

// The published protos and a codec of others: what we write by hand is read here as strangers read it.
const protoDir = join(dirname(createRequire(import.meta.url).resolve('@grpc/reflection/package.json')), 'build/proto');

interface Answer {
  readonly validHost: string;
  readonly originalRequest: { readonly host: string; readonly fileContainingSymbol?: string } | null;
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Buffer[] };
  readonly allExtensionNumbersResponse?: { readonly baseTypeName: string; readonly extensionNumber: readonly number[] };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly errorResponse?: { readonly errorCode: number; readonly errorMessage: string };
}

let server: TestServer;

beforeAll(async () => {
  server = await openTestServer();
});
afterAll(() => server.remove());

/** Asks everything on one stream, as clients do; the answers come in the order of the questions. */
function ask(version: 'v1' | 'v1alpha', requests: readonly object[]): Promise<Answer[]> {
  const name = `grpc.reflection.${version}.ServerReflection`;
  const definition = loadSync(join(protoDir, 'grpc/reflection', version, 'reflection.proto'), { oneofs: true });
  const Stub = grpc.makeClientConstructor(definition[name] as grpc.ServiceDefinition, name); // a service in that file
  const client = new Stub(`127.0.0.1:${server.port}`, grpc.credentials.createSsl(Buffer.from(server.admin.caPem)));
  return new Promise<Answer[]>((resolve, reject) => {
    const answers: Answer[] = [];
    // The stub is made of a definition read now, so its methods have no types.
    const open = client['serverReflectionInfo'] as unknown as () => grpc.ClientDuplexStream<object, Answer>;
    const stream = open.call(client);
    stream.on('data', (answer: Answer) => answers.push(answer));
    stream.on('error', reject);
    stream.on('end', () => resolve(answers));
    for (const request of requests) stream.write(request);
    stream.end();
  }).finally(() => client.close());
}

function filesOf(answer: Answer | undefined): FileDescriptorProto[] {
  const bytes = answer?.fileDescriptorResponse?.fileDescriptorProto ?? [];
  return bytes.map((each) => fromBinary(FileDescriptorProtoSchema, each));
}

interface Named {
  readonly defined: Set<string>;
  readonly used: Set<string>;
}

function collect(files: readonly FileDescriptorProto[]): Named {
  const named: Named = { defined: new Set(), used: new Set() };
  const addEnum = (prefix: string, type: EnumDescriptorProto): unknown => named.defined.add(`${prefix}.${type.name}`);
  const addMessage = (prefix: string, type: DescriptorProto): void => {
    const name = `${prefix}.${type.name}`;
    named.defined.add(name);
    for (const field of type.field) if (field.typeName !== '') named.used.add(field.typeName);
    for (const nested of type.nestedType) addMessage(name, nested);
    for (const nested of type.enumType) addEnum(name, nested);
  };
  for (const file of files) {
    for (const type of file.messageType) addMessage(`.${file.package}`, type);
    for (const type of file.enumType) addEnum(`.${file.package}`, type);
    for (const method of file.service.flatMap((service) => service.method)) {
      named.used.add(method.inputType);
      named.used.add(method.outputType);
    }
  }
  return named;
}

describe.each(['v1', 'v1alpha'] as const)('reflection %s', (version) => {
  it('describes each service that it lists, with every type and file it needs', async () => {
    const [listed] = await ask(version, [{ listServices: '*' }]);
    const services = (listed?.listServicesResponse?.service ?? []).map(({ name }) => name);
    expect(services).toEqual(expect.arrayContaining(['flotilla.operator.v1.NodePoolService', 'grpc.health.v1.Health']));
    const answers = await ask(
      version,
      services.map((name) => ({ fileContainingSymbol: name })),
    );
    expect(answers).toHaveLength(services.length);
    for (const [at, answer] of answers.entries()) {
      const files = filesOf(answer);
      const [file] = files;
      // The file that was asked for comes first, everything it imports after it.
      expect(file?.service.map(({ name }) => `${file.package}.${name}`)).toContain(services[at]);
      const names = files.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      expect(files.flatMap(({ dependency }) => dependency).filter((name) => !names.includes(name))).toEqual([]);
      const { defined, used } = collect(files);
      expect([...used].filter((name) => !defined.has(name))).toEqual([]);
    }
  });

  it('finds a file by its own name', async () => {
    const [answer] = await ask(version, [{ fileByFilename: 'flotilla/types/v1/pool.proto' }]);
    expect(filesOf(answer)[0]).toMatchObject({ name: 'flotilla/types/v1/pool.proto', package: 'flotilla.types.v1' });
  });
});

describe('reflection', () => {
  it('lists no service that is not served', async () => {
    const [listed] = await ask('v1', [{ listServices: '*' }]);
    const services = listed?.listServicesResponse?.service ?? [];
    expect(services.length).toBeGreaterThan(10);
    const client = new grpc.Client(
      `127.0.0.1:${server.port}`,
      grpc.credentials.createSsl(Buffer.from(server.admin.caPem)),
    );
    const raw = (bytes: Buffer): Buffer => bytes;
    const codeOf = (path: string): Promise<grpc.status> =>
      new Promise((resolve) =>
        client.makeUnaryRequest(path, raw, raw, Buffer.alloc(0), (error) => resolve(error?.code ?? grpc.status.OK)),
      );
    for (const { name } of services) {
      const method = loadRegistry().getService(name)?.methods[0]?.name;
      expect([name, await codeOf(`/${name}/${method}`)]).not.toEqual([name, grpc.status.UNIMPLEMENTED]);
    }
    expect(await codeOf('/flotilla.operator.v1.NoService/Nothing')).toBe(grpc.status.UNIMPLEMENTED);
    client.close();
  });

  it.each([
    ['a service', 'flotilla.operator.v1.NodePoolService', 'flotilla/operator/v1/node_pool_service.proto'],
    ['a method', 'flotilla.operator.v1.NodePoolService.UpdateNodePool', 'flotilla/operator/v1/node_pool_service.proto'],
    ['a message', 'flotilla.types.v1.ResourceMeta', 'flotilla/types/v1/meta.proto'],
    ['a field', 'flotilla.types.v1.Cluster.meta', 'flotilla/types/v1/cluster.proto'],
    ['a oneof', 'flotilla.agent.v1.SessionRequest.message', 'flotilla/agent/v1/agent_service.proto'],
    ['an enum', 'flotilla.types.v1.NodeState', 'flotilla/types/v1/node.proto'],
    ['a value of an enum', 'flotilla.types.v1.NODE_STATE_RUNNING', 'flotilla/types/v1/node.proto'],
    ['a nested enum', 'grpc.health.v1.HealthCheckResponse.ServingStatus', 'grpc/health/v1/health.proto'],
    ['a value of a nested enum', 'grpc.health.v1.HealthCheckResponse.SERVING', 'grpc/health/v1/health.proto'],
    ['a nested message', 'google.rpc.BadRequest.FieldViolation', 'google/rpc/error_details.proto'],
  ])('finds the file of %s', async (_what, symbol, file) => {
    const [answer] = await ask('v1', [{ host: 'fleet.example.org', fileContainingSymbol: symbol }]);
    expect(filesOf(answer)[0]?.name).toBe(file);
    expect(answer?.validHost).toBe('fleet.example.org');
    expect(answer?.originalRequest).toMatchObject({ host: 'fleet.example.org', fileContainingSymbol: symbol });
  });

  it('says what it does not know, and goes on', async () => {
    const answers = await ask('v1', [
      { fileContainingSymbol: 'flotilla.types.v1.Nothing' },
      { fileByFilename: 'constructor' },
      { fileContainingExtension: { containingType: 'flotilla.types.v1.Cluster', extensionNumber: 1000 } },
      { allExtensionNumbersOfType: 'flotilla.types.v1.Nothing' },
      {},
      { allExtensionNumbersOfType: 'flotilla.types.v1.Cluster' },
    ]);
    const { NOT_FOUND, INVALID_ARGUMENT } = grpc.status;
    expect(answers.map((answer) => answer.errorResponse?.errorCode)).toEqual([
      ...[NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND, INVALID_ARGUMENT, undefined],
    ]);
    expect(answers[0]?.errorResponse?.errorMessage).toContain('flotilla.types.v1.Nothing');
    // No message of ours is extended.
    const none = answers[5]?.allExtensionNumbersResponse;
    expect(none?.baseTypeName).toBe('flotilla.types.v1.Cluster');
    expect(none?.extensionNumber ?? []).toEqual([]);
  });

  it('answers many questions of one stream, each with many files', async () => {
    const many = Array.from({ length: 300 }, () => ({ fileContainingSymbol: 'flotilla.agent.v1.AgentService' }));
    const answers = await ask('v1', many);
    expect(answers.filter((answer) => filesOf(answer).length > 1)).toHaveLength(300);
  });

  it('takes no more questions from a client that does not read the answers, until it does', async () => {
    let converse = (_stream: Duplex): void => expect.unreachable();
    addReflection(
      {
        // A plain stream stands for the call of gRPC: nothing else of the call is used.
        addService: (_definition, handlers) =>
          (converse = handlers['ServerReflectionInfo'] as unknown as typeof converse),
      },
      loadRegistry(),
    );
    let asked = 0;
    let answered = 0;
    const held: (() => void)[] = [];
    let reads = false;
    const listServices = parseRequest(Buffer.from([0x3a, 0x01, 0x2a]));
    const stream = new Duplex({
      objectMode: true,
      highWaterMark: 2,
      read() {
        this.push(asked++ < 50 ? listServices : null);
      },
      write(_answer, _encoding, done: () => void) {
        answered++;
        if (reads) done();
        else held.push(done);
      },
    });
    const finished = new Promise((resolve) => stream.on('finish', resolve));
    converse(stream);
    await new Promise((resolve) => setImmediate(resolve));
    expect(answered).toBe(1);
    expect(asked).toBeLessThan(10);
    reads = true;
    for (const done of held) done();
    await finished;
    expect(answered).toBe(50);
  });
});
