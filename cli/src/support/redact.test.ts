import { expect, test } from 'vitest';
import { redact, redactText } from './redact.js';

test('by name, deep, and in whatever writing', () => {
  const value = {
    password: 'a',
    apiKey: 'b',
    nested: [{ 'client-key-data': 'c', API_KEY: 'd', accessToken: 'e', note: 'plain' }],
    kind: 'EnrollmentToken',
    tokens: 3,
    empty: { secret: '' },
  };
  expect(redact(value, [])).toEqual({
    password: '[removed]',
    apiKey: '[removed]',
    nested: [{ 'client-key-data': '[removed]', API_KEY: '[removed]', accessToken: '[removed]', note: 'plain' }],
    kind: 'EnrollmentToken',
    tokens: 3,
    empty: { secret: '' },
  });
});

test('what is known to be a secret goes, whatever it looks like', () => {
  expect(redactText('it is hunter2, in the middle', ['hunter2'])).toBe('it is [removed], in the middle');
});

test.each([
  'create secrets in kube-system',
  'manifest sha256 abababababababababababababababababababab',
  'registry.k8s.io/kube-apiserver:v1.34.4',
  'mch_8w2k9x3m4n5p on 10.77.0.12:6443',
  'budget db allows 0 more disruptions',
  'sha256//kq3abcdefghijklmnop=',
])('%s is no secret and stays', (text) => {
  expect(redactText(text, [])).toBe(text);
});
