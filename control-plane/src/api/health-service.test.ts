import * as grpc from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestServer, type TestServer } from '../testing/server.js';

let server: TestServer;
let client: grpc.Client;

beforeAll(async () => {
  server = await openTestServer();
  client = new grpc.Client(`127.0.0.1:${server.port}`, grpc.credentials.createSsl(Buffer.from(server.admin.caPem)));
});
afterAll(async () => {
  client.close();
  await server.remove();
});

const raw = (bytes: Buffer): Buffer => bytes;

function unary(path: string, body: Buffer): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(path, raw, raw, body, (error, answer) => (error ? reject(error) : resolve(answer))),
  );
}

function reflect(body: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', raw, raw);
    stream.on('data', (answer: Buffer) => {
      resolve(answer);
      stream.end();
    });
    stream.on('error', reject);
    stream.write(body);
  });
}

// Bytes that are no protobuf message: a field of a wire type that does not exist.
const garbage = Buffer.from([0x0f, 0xff, 0xff, 0xff]);

describe('health', () => {
  it('says that the server and each of its services serve', async () => {
    for (const name of ['', 'flotilla.operator.v1.ClusterService', 'flotilla.agent.v1.AgentService']) {
      const request =
        name === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), Buffer.from(name)]);
      // Field 1 = SERVING.
      expect(await unary('/grpc.health.v1.Health/Check', request)).toEqual(Buffer.from([0x08, 0x01]));
    }
  });

  it('fault-58: answers bytes that are no message with INVALID_ARGUMENT', async () => {
    await expect(unary('/grpc.health.v1.Health/Check', garbage)).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
    });
    await expect(reflect(garbage)).rejects.toMatchObject({ code: grpc.status.INVALID_ARGUMENT });
    await expect(unary('/flotilla.operator.v1.AccessService/GetCaller', garbage)).rejects.toMatchObject({
      code: grpc.status.INVALID_ARGUMENT,
    });
  });

  it('fault-57: answers what is too large without reading it', async () => {
    await expect(
      unary('/flotilla.agent.v1.EnrollmentService/BeginEnrollment', Buffer.alloc(8 * 1024)),
    ).rejects.toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
    });
    await expect(
      unary('/flotilla.operator.v1.AccessService/GetCaller', Buffer.alloc(2 * 1024 * 1024)),
    ).rejects.toMatchObject({
      code: grpc.status.RESOURCE_EXHAUSTED,
    });
  });
});
