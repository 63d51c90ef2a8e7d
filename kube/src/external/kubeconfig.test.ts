import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { FakeAuthority, type FakeKeyPair } from '../fake/certificate.js';
import { connectionOf, parseKubeconfig } from './kubeconfig.js';
import type { Kubeconfig, KubeconfigProblem } from './kubeconfig-types.js';

const authority = new FakeAuthority();
let pair: FakeKeyPair;
beforeAll(() => {
  pair = authority.issue({ commonName: 'admin' });
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Parts {
  readonly cluster?: object;
  readonly user?: object;
  readonly root?: object;
}

function written({ cluster = {}, user, root = {} }: Parts = {}): string {
  const client = { 'client-certificate-data': base64(pair.certificatePem), 'client-key-data': base64(pair.keyPem) };
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    preferences: {},
    'current-context': 'admin@prod',
    contexts: [
      { name: 'admin@prod', context: { cluster: 'prod', user: 'admin', namespace: 'default' } },
      { name: 'other', context: { cluster: 'elsewhere', user: 'nobody' } },
    ],
    clusters: [
      {
        name: 'prod',
        cluster: { server: 'https://10.0.0.1:6443', 'certificate-authority-data': base64(authority.caPem), ...cluster },
      },
    ],
    users: [{ name: 'admin', user: user ?? client }],
    ...root,
  });
}

function good(text: string): Kubeconfig {
  const result = parseKubeconfig(text);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.kubeconfig;
}

function problemsOf(text: string): readonly KubeconfigProblem[] {
  const result = parseKubeconfig(text);
  return result.ok ? [] : result.problems;
}

describe('a kubeconfig', () => {
  test('gives the current context, whole, and looks at no other', () => {
    const kubeconfig = good(written());
    expect(kubeconfig).toMatchObject({
      context: 'admin@prod',
      server: 'https://10.0.0.1:6443',
      caPem: authority.caPem,
    });
    expect(kubeconfig.user).toMatchObject({ kind: 'certificate', expiresAtMs: Date.UTC(2049, 0, 1) });
    expect(connectionOf(kubeconfig)).toEqual({
      server: 'https://10.0.0.1:6443',
      caPem: authority.caPem,
      certificatePem: pair.certificatePem,
      keyPem: pair.keyPem,
    });
  });

  test('is read as JSON too, with a token and a name for the certificate', () => {
    const text = written({ user: { token: 'abc.def' }, cluster: { 'tls-server-name': 'kubernetes' } });
    expect(good(JSON.stringify(parse(text)))).toEqual(good(text));
    expect(connectionOf(good(text))).toMatchObject({ bearerToken: 'abc.def', serverName: 'kubernetes' });
    expect(connectionOf(good(text))).not.toHaveProperty('certificatePem');
  });

  test('of several contexts may hold what is refused, as long as it is not current', () => {
    const users = [
      { name: 'admin', user: { token: 't' } },
      { name: 'nobody', user: { exec: { command: 'rm' } } },
    ];
    expect(good(written({ root: { users } })).user).toEqual({ kind: 'token', token: 't' });
  });

  test.each<[string, Parts, string]>([
    ['a program', { user: { exec: { command: '/bin/evil' } } }, 'users[admin].user.exec'],
    ['a plugin', { user: { 'auth-provider': { name: 'gcp' } } }, 'users[admin].user.auth-provider'],
    ['a password', { user: { username: 'u', password: 'p' } }, 'users[admin].user.username'],
    ['a token file', { user: { tokenFile: '/etc/passwd' } }, 'users[admin].user.tokenFile'],
    ['a key file', { user: { 'client-key': '/k' } }, 'users[admin].user.client-key'],
    ['another identity', { user: { token: 't', as: 'root' } }, 'users[admin].user.as'],
    ['no credentials', { user: {} }, 'users[admin].user'],
    ['half a pair', { user: { 'client-key-data': 'AAAA' } }, 'users[admin].user.client-certificate-data'],
    ['a header', { user: { token: 'a\r\nx: y' } }, 'users[admin].user.token'],
    ['a number', { user: { token: 7 } }, 'users[admin].user.token'],
    ['an unknown field', { user: { token: 't', later: 1 } }, 'users[admin].user.later'],
    ['plain http', { cluster: { server: 'http://10.0.0.1' } }, 'clusters[prod].cluster.server'],
    ['no address', { cluster: { server: '' } }, 'clusters[prod].cluster.server'],
    ['a path', { cluster: { server: 'https://r/k8s/c' } }, 'clusters[prod].cluster.server'],
    ['credentials in the address', { cluster: { server: 'https://a:b@r' } }, 'clusters[prod].cluster.server'],
    ['no check', { cluster: { 'insecure-skip-tls-verify': true } }, 'clusters[prod].cluster.insecure-skip-tls-verify'],
    ['a proxy', { cluster: { 'proxy-url': 'http://p' } }, 'clusters[prod].cluster.proxy-url'],
    ['a CA file', { cluster: { 'certificate-authority': '/ca' } }, 'clusters[prod].cluster.certificate-authority'],
    ['no CA', { cluster: { 'certificate-authority-data': null } }, 'clusters[prod].cluster.certificate-authority-data'],
    [
      'an empty CA',
      { cluster: { 'certificate-authority-data': '' } },
      'clusters[prod].cluster.certificate-authority-data',
    ],
    [
      'no base64',
      { cluster: { 'certificate-authority-data': '***' } },
      'clusters[prod].cluster.certificate-authority-data',
    ],
    [
      'no PEM',
      { cluster: { 'certificate-authority-data': 'QUJD' } },
      'clusters[prod].cluster.certificate-authority-data',
    ],
    ['no context', { root: { 'current-context': '' } }, 'current-context'],
    ['another context', { root: { 'current-context': 'x' } }, 'contexts[x]'],
    ['a lost user', { root: { users: [] } }, 'users[admin]'],
    ['a doubled user', { root: { users: [{ name: 'admin' }, { name: 'admin' }] } }, 'users[admin]'],
    ['another kind', { root: { kind: 'Secret' } }, 'kind'],
    ['no list', { root: { clusters: {} } }, 'clusters'],
  ])('with %s is refused by field, with a cure', (_what, parts, field) => {
    const problems = problemsOf(written(parts));
    expect(problems.map((problem) => problem.field)).toContain(field);
    for (const { description, remedy } of problems) expect(description && remedy).toBeTruthy();
  });

  test('tells the server certificate from the CA, and a key that belongs to another certificate', () => {
    const leaf = problemsOf(written({ cluster: { 'certificate-authority-data': base64(pair.certificatePem) } }));
    expect(leaf).toMatchObject([{ description: 'holds a certificate that is no CA' }]);
    const foreign = authority.issue({ commonName: 'x' });
    const user = {
      'client-certificate-data': base64(pair.certificatePem),
      'client-key-data': base64(foreign.keyPem),
    };
    expect(problemsOf(written({ user }))).toMatchObject([{ description: 'is not the key of the certificate' }]);
  });

  test('tells everything wrong at once, and never a value', () => {
    const problems = problemsOf(
      written({ user: { exec: { command: 'SECRET' } }, cluster: { server: 'http://SECRET' } }),
    );
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('SECRET');
  });

  test.each([
    ['', 'is empty'],
    ['a: 1\n---\nb: 2\n', 'holds several documents'],
    ['a: 1\na: 2\n', 'is not YAML at line 2'],
    ['a: !!js/function x\n', 'is not YAML at line 1'],
    ['a: &x [1]\nb: *x\n', 'uses aliases'],
    ['a: [\n', 'is not YAML'],
  ])('%j is no kubeconfig', (text, description) => {
    expect(problemsOf(text)[0]?.description).toContain(description);
  });

  test('whatever the text is, the answer is a result and not a throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((value) => stringify(value)),
        ),
        (text) => {
          const result = parseKubeconfig(text);
          expect(result.ok || result.problems.length > 0).toBe(true);
        },
      ),
    );
  });

  test('with any one field replaced by anything it is read or refused with a reason', () => {
    const place = fc.constantFrom('server', 'certificate-authority-data', 'tls-server-name', 'proxy-url');
    fc.assert(
      fc.property(place, fc.jsonValue(), (key, value) => {
        const result = parseKubeconfig(written({ cluster: { [key]: value }, user: { token: 't' } }));
        expect(result.ok || result.problems.length > 0).toBe(true);
      }),
    );
  });
});
