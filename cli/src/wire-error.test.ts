import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { BadRequest, ErrorInfo, Help, Status } from '@flotilla/proto';
import { fromServiceError } from './wire-error.js';

const peer = { server: 'https://fleet.example.org:7440', contextName: 'fleet' };

function serviceError(code: status, details: string, packed?: Uint8Array): ServiceError {
  const metadata = new Metadata();
  if (packed !== undefined) metadata.set('grpc-status-details-bin', Buffer.from(packed));
  return Object.assign(new Error(details), { code, details, metadata });
}

describe('what the server said', () => {
  test('reason, retry class, fields, cure, facts', () => {
    const info = { reason: 'POOL_FULL', domain: 'flotilla.dev', metadata: { retry: 'later', pool: 'workers' } };
    const bytes = Status.encode(
      Status.create({
        details: [
          {
            typeUrl: 'type.googleapis.com/google.rpc.ErrorInfo',
            value: Buffer.from(ErrorInfo.encode(ErrorInfo.create(info)).finish()),
          },
          {
            typeUrl: 'type.googleapis.com/google.rpc.BadRequest',
            value: Buffer.from(
              BadRequest.encode(
                BadRequest.create({ fieldViolations: [{ field: 'spec.size', description: 'is too large' }] }),
              ).finish(),
            ),
          },
          {
            typeUrl: 'type.googleapis.com/google.rpc.Help',
            value: Buffer.from(Help.encode(Help.create({ links: [{ description: 'Make it smaller.' }] })).finish()),
          },
          { typeUrl: 'type.googleapis.com/something.of.Tomorrow', value: Buffer.from([1, 2, 3]) },
        ],
      }),
    ).finish();
    expect(fromServiceError(serviceError(status.RESOURCE_EXHAUSTED, 'the pool is full', bytes), peer)).toMatchObject({
      code: 'POOL_FULL',
      message: 'the pool is full',
      kind: 'exhausted',
      retry: 'later',
      remedy: 'Make it smaller.',
      metadata: { pool: 'workers' },
      violations: [{ field: 'spec.size', description: 'is too large' }],
    });
  });

  test('broken details leave code and text', () => {
    expect(
      fromServiceError(serviceError(status.ABORTED, 'changed meanwhile', Buffer.from([255, 255])), peer),
    ).toMatchObject({ code: 'ABORTED', kind: 'conflict', message: 'changed meanwhile' });
  });
});

describe('what it could not say itself', () => {
  test.each([
    [
      status.UNAVAILABLE,
      'No connection established. Last error: Error: connect ECONNREFUSED 10.0.0.1:7440. Resolution note: x',
      'SERVER_UNREACHABLE',
      'no answer from https://fleet.example.org:7440: connect ECONNREFUSED 10.0.0.1:7440',
    ],
    [
      status.UNAVAILABLE,
      'No connection established. Last error: Error: self-signed certificate in certificate chain',
      'SERVER_NOT_TRUSTED',
      'what answers at https://fleet.example.org:7440 is not the server of context fleet: self-signed certificate in certificate chain',
    ],
    [
      status.UNIMPLEMENTED,
      'unknown method',
      'NOT_IMPLEMENTED',
      'https://fleet.example.org:7440 does not know this call',
    ],
    [status.DEADLINE_EXCEEDED, 'Deadline exceeded', 'DEADLINE_EXCEEDED', 'Deadline exceeded'],
  ])('%s %s', (code, details, expected, message) => {
    expect(fromServiceError(serviceError(code, details), peer)).toMatchObject({ code: expected, message });
  });
});
