import { describe, expect, test } from 'vitest';
import { connectionError, failureError, parseFailure } from './errors.js';

const status = (code: number, reason: string, message = 'm'): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message });
const errorOf = (code: number, body: string, retryAfter?: string): ReturnType<typeof failureError> =>
  failureError(parseFailure(code, body, retryAfter), 'do it');

describe('what a refusal means', () => {
  test.each<[number, string, string, string, string]>([
    [400, 'BadRequest', 'KUBE_INVALID', 'invalid-argument', 'never'],
    [401, 'Unauthorized', 'KUBE_UNAUTHENTICATED', 'unauthenticated', 'never'],
    [403, 'Forbidden', 'KUBE_FORBIDDEN', 'permission', 'never'],
    [404, 'NotFound', 'KUBE_NOT_FOUND', 'not-found', 'never'],
    [409, 'AlreadyExists', 'KUBE_ALREADY_EXISTS', 'already-exists', 'never'],
    [409, 'Conflict', 'KUBE_CONFLICT', 'conflict', 'now'],
    [410, 'Expired', 'KUBE_EXPIRED', 'conflict', 'now'],
    [413, 'RequestEntityTooLarge', 'KUBE_TOO_LARGE', 'exhausted', 'never'],
    [422, 'Invalid', 'KUBE_INVALID', 'invalid-argument', 'never'],
    [429, 'TooManyRequests', 'KUBE_THROTTLED', 'exhausted', 'later'],
    [500, 'InternalError', 'KUBE_SERVER_ERROR', 'unavailable', 'later'],
    [500, 'ServerTimeout', 'KUBE_TIMEOUT', 'timeout', 'later'],
    [503, 'ServiceUnavailable', 'KUBE_UNREACHABLE', 'unavailable', 'later'],
    [504, 'Timeout', 'KUBE_TIMEOUT', 'timeout', 'later'],
  ])('%i %s is %s', (code, reason, kubeCode, kind, retry) => {
    expect(errorOf(code, status(code, reason))).toMatchObject({ code: kubeCode, kind, retry, metadata: { reason } });
  });

  test('the page of a proxy is told in short, and a redirect is no answer', () => {
    const error = errorOf(502, `<html>${'x'.repeat(9000)}`);
    expect(error).toMatchObject({ code: 'KUBE_UNREACHABLE' });
    expect(error.message.length).toBeLessThan(600);
    expect(errorOf(302, '')).toMatchObject({
      code: 'KUBE_BAD_ANSWER',
      remedy: expect.stringContaining('redirect') as string,
    });
  });

  test('says when to come back, if that was a number', () => {
    expect(errorOf(429, status(429, 'TooManyRequests'), '7').metadata['retryAfterMs']).toBe('7000');
    expect(errorOf(429, status(429, 'TooManyRequests'), 'Wed, 21 Oct 2026').metadata).not.toHaveProperty(
      'retryAfterMs',
    );
  });

  test('a Status of the wrong shape is text like any other', () => {
    expect(parseFailure(404, '{"kind":"Status","message":7}', undefined)).toMatchObject({
      isStatus: false,
      reason: '',
    });
  });
});

test.each<[string, string]>([
  ['ECONNREFUSED', 'KUBE_UNREACHABLE'],
  ['ENOTFOUND', 'KUBE_UNREACHABLE'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'KUBE_TLS_UNTRUSTED'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'KUBE_TLS_UNTRUSTED'],
  ['CERT_HAS_EXPIRED', 'KUBE_TLS_UNTRUSTED'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'KUBE_TLS_UNTRUSTED'],
])('%s on the way there is %s, with a remedy', (code, kubeCode) => {
  const error = connectionError(Object.assign(new Error('failed'), { code }), 'do it');
  expect(error).toMatchObject({ code: kubeCode, retry: 'later' });
  expect(error.message).toContain(code === 'ECONNREFUSED' ? code : 'failed');
  expect(error.remedy).not.toBe('');
});
