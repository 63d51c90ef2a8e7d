import { describe, expect, test } from 'vitest';
import { EnrollmentToken, EnrollmentTokenState } from '@flotilla/proto';
import { ago } from '../testing/fake-env.js';
import { useStage } from '../testing/setup.js';

const stage = useStage();
const line =
  'curl -fsSL --insecure --pinnedpubkey sha256//kq3= https://fleet.example.org:7440/install.sh | sudo sh -s -- --token f7k2q1.9c';

describe('token create', () => {
  test('on a terminal: the line, what it does, and how to undo it', async () => {
    stage.terminal.stdout.isTTY = true;
    expect(await stage.terminal.flotilla('token', 'create', '--pool', 'workers')).toBe(0);
    expect(stage.terminal.stdout.text).toBe(`Paste this on the server (one use, valid 1 h, shown once):

  ${line}

What it does: enrolls the machine in project default, pool workers of cluster demo. Undo on the server: sudo flotilla-agent leave
`);
  });

  test('on a pipe: the line alone', async () => {
    await stage.terminal.flotilla('token', 'create', '--pool', 'workers');
    expect(stage.terminal.stdout.text).toBe(`${line}\n`);
  });

  test('as data', async () => {
    await stage.terminal.flotilla('token', 'create', '-o', 'json');
    expect(JSON.parse(stage.terminal.stdout.text)).toMatchObject({
      installCommand: line,
      secret: 'f7k2q1.9c',
      token: { meta: { id: 'tok_f7k2q1' } },
    });
  });

  test('everything that can be said', async () => {
    await stage.terminal.flotilla(
      'token',
      'create',
      '--pool',
      'workers',
      '--cluster',
      'demo',
      '--ttl',
      '2d',
      '--max-uses',
      '20',
      '--label',
      'rack=12',
      '--location',
      'colo/fra/a',
      '--source-cidr',
      '10.0.0.0/8',
    );
    expect(stage.server.calls.at(-1)?.request).toMatchObject({
      project: 'default',
      cluster: 'demo',
      nodePool: 'workers',
      maxUses: 20,
      ttl: { seconds: 172_800n, nanos: 0 },
      machineLabels: { rack: '12' },
      location: { provider: 'colo', region: 'fra', zone: 'a' },
      sourceCidrs: ['10.0.0.0/8'],
    });
  });

  test('--dry-run shows no line', async () => {
    await stage.terminal.flotilla('token', 'create', '--dry-run');
    expect(stage.terminal.stdout.text).toBe('token created (dry run)\n');
    expect(stage.server.fleet.tokens).toEqual([]);
  });

  test('a cluster without a pool is no target', async () => {
    expect(await stage.terminal.flotilla('token', 'create', '--cluster', 'demo')).toBe(2);
    expect(stage.terminal.stderr.text).toBe(
      'refused USAGE: --cluster goes with --pool.\nWithout --pool the machine becomes a spare.\n',
    );
  });
});

test('token list and get tokens are the same; revoke', async () => {
  const token = { meta: { id: 'tok_a', name: 'a', createTime: ago(600) }, maxUses: 1, createdBy: 'api-key:ci' };
  stage.server.fleet.tokens = [
    EnrollmentToken.fromPartial({
      ...token,
      pool: 'workers',
      cluster: 'demo',
      state: EnrollmentTokenState.ACTIVE,
      expireTime: ago(-3000),
    }),
    EnrollmentToken.fromPartial({
      ...token,
      meta: { ...token.meta, name: 'b' },
      uses: 1,
      state: EnrollmentTokenState.SPENT,
      expireTime: ago(-3000),
    }),
    EnrollmentToken.fromPartial({
      ...token,
      meta: { ...token.meta, name: 'c' },
      state: EnrollmentTokenState.EXPIRED,
      expireTime: ago(60),
    }),
  ];
  const table = `NAME  STATUS   POOL          USES  EXPIRES  AGE
a     Active   demo/workers  0/1   in 50m   10m
b     Spent    spare         1/1   -        10m
c     Expired  spare         0/1   60s ago  10m
`;
  await stage.terminal.flotilla('token', 'list');
  expect(stage.terminal.stdout.text).toBe(table);
  await stage.terminal.flotilla('get', 'tok');
  expect(stage.terminal.stdout.text).toBe(table);
  await stage.terminal.flotilla('describe', 'token', 'a');
  expect(stage.terminal.stdout.text).toContain(
    'Status   Active, used 0 of 1, ends in 50m (2026-03-03T12:50:00Z)\nFor      pool workers of cluster demo\n',
  );
  expect(await stage.terminal.flotilla('token', 'revoke', 'a')).toBe(0);
  expect(stage.terminal.stdout.text).toBe('token/a revoked\n');
});

describe('api-key', () => {
  test('create: the secret once, alone on a pipe; list; revoke', async () => {
    expect(await stage.terminal.flotilla('api-key', 'create', 'ci', '--role', 'member', '--ttl', '30d')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('flk_abc.def\n');
    expect(stage.server.calls.at(-1)?.request).toMatchObject({ name: 'ci', role: 2, ttl: { seconds: 2_592_000n } });
    stage.terminal.stdout.isTTY = true;
    stage.terminal.vars['NO_COLOR'] = '1';
    await stage.terminal.flotilla('api-key', 'create', 'cd', '--role', 'reader');
    expect(stage.terminal.stdout.text).toBe(
      'API key cd (reader of project default, until 2026-06-01T12:00:00Z), shown once:\n\n  flk_abc.def\n',
    );
    await stage.terminal.flotilla('api-key', 'list');
    expect(stage.terminal.stdout.text).toBe(
      'NAME  ROLE    STATUS  EXPIRES  LAST USED  AGE\nci    Member  Active  in 90d   -          -\ncd    Reader  Active  in 90d   -          -\n',
    );
    expect(await stage.terminal.flotilla('api-key', 'revoke', 'ci')).toBe(0);
    expect(stage.terminal.stdout.text).toBe('api-key/ci revoked\n');
  });

  test('a role is needed, and a known one', async () => {
    expect(await stage.terminal.flotilla('api-key', 'create', 'ci')).toBe(2);
    expect(await stage.terminal.flotilla('api-key', 'create', 'ci', '--role', 'boss')).toBe(2);
    expect(stage.terminal.stderr.text).toContain('Allowed choices are reader, member, admin, instance-admin.');
  });
});

test('version and whoami', async () => {
  await stage.terminal.flotilla('version');
  expect(stage.terminal.stdout.text).toBe(
    `Client  0.1.0\nServer  0.1.0 at ${stage.server.url}, 3 agents connected, instance ins_7\n`,
  );
  await stage.terminal.flotilla('version', '--client', '-o', 'json');
  expect(JSON.parse(stage.terminal.stdout.text)).toEqual({ client: { version: '0.1.0' } });
  await stage.terminal.flotilla('whoami', '-o', 'jsonpath={.role}');
  expect(stage.terminal.stdout.text).toBe('ROLE_ADMIN');
});
