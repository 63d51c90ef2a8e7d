import { FlotillaError, type ErrorKind } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { seenError } from '../testing/operator.js';
import { toServiceError } from './status.js';

describe('an error on the wire', () => {
  it('carries reason, fields, cure and facts, and never the cause', () => {
    const error = new FlotillaError('SKEW', 'too new', {
      kind: 'invalid-argument',
      remedy: 'Upgrade first.',
      violations: [{ field: 'spec.size', description: 'must be 0 to 1000' }],
      metadata: { machineId: 'mch_1' },
      cause: new Error('password=hunter2'),
    });
    const service = toServiceError(error, 'ref1');
    expect(seenError(service)).toEqual({
      code: 'INVALID_ARGUMENT',
      reason: 'SKEW',
      message: 'too new',
      remedy: 'Upgrade first.',
      fields: ['spec.size'],
      metadata: { machineId: 'mch_1', retry: 'never' },
    });
    expect(JSON.stringify(service.metadata.toJSON())).not.toContain('hunter2');
  });

  it('tells of an internal error no more than where to look', () => {
    const seen = seenError(toServiceError(new FlotillaError('INTERNAL', 'SELECT * FROM secrets'), 'abc123'));
    expect(seen.message).toBe('Something went wrong inside the server (reference abc123).');
    expect(seen.remedy).toContain('abc123');
  });

  it.each<[ErrorKind, string]>([
    ['not-found', 'NOT_FOUND'],
    ['already-exists', 'ALREADY_EXISTS'],
    ['conflict', 'ABORTED'],
    ['precondition', 'FAILED_PRECONDITION'],
    ['permission', 'PERMISSION_DENIED'],
    ['unauthenticated', 'UNAUTHENTICATED'],
    ['exhausted', 'RESOURCE_EXHAUSTED'],
    ['unavailable', 'UNAVAILABLE'],
    ['timeout', 'DEADLINE_EXCEEDED'],
    ['cancelled', 'CANCELLED'],
    ['out-of-range', 'OUT_OF_RANGE'],
    ['data-loss', 'DATA_LOSS'],
    ['internal', 'INTERNAL'],
  ])('maps %s to %s', (kind, code) => {
    expect(seenError(toServiceError(new FlotillaError('X', 'y', { kind }), 'r')).code).toBe(code);
  });

  it('stays small enough for a trailer, however much is wrong', () => {
    const violations = Array.from({ length: 500 }, (_, i) => ({ field: `f${i}`, description: 'x'.repeat(5000) }));
    const service = toServiceError(
      new FlotillaError('X', 'y'.repeat(9999), { kind: 'invalid-argument', violations }),
      'r',
    );
    const [bytes] = service.metadata.get('grpc-status-details-bin');
    expect(bytes?.length).toBeLessThan(6 * 1024);
  });
});
