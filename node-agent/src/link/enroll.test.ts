import { mkdtemp, rm, stat, writeFile, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MachineFacts } from '@flotilla/proto';
import { systemClock, systemRandom } from '@flotilla/kit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linuxHost } from '../host/linux.js';
import { noProxy } from '../host/proxy.js';
import { enroll, type EnrollPorts } from './enroll.js';
import { FakeControlPlane } from './fake-control-plane.js';
import { IdentityStore } from './identity.js';
import { containing } from '../fake-match.js';

const token = 'tok_abc.0123456789abcdef';
let dir: string;
let fake: FakeControlPlane;

function ports(more: Partial<EnrollPorts> = {}): EnrollPorts {
  const host = linuxHost();
  return {
    host,
    clock: systemClock,
    random: systemRandom,
    identity: new IdentityStore(host, dir),
    proxy: noProxy,
    server: fake.url,
    caPin: fake.pin,
    tokenFile: join(dir, 'token'),
    facts: () => Promise.resolve(MachineFacts.create({ hostname: 'edge-7' })),
    ...more,
  };
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'flotilla-enroll-'));
  await writeFile(join(dir, 'token'), `${token}\n`);
  fake = await FakeControlPlane.start({ token });
});
afterEach(async () => {
  await fake.close();
  await rm(dir, { recursive: true });
});

describe('enrolling over real TLS', () => {
  it('gives the machine an identity, keeps it in root-only files, and removes the token', async () => {
    const machine = await enroll(ports());
    expect(machine).toMatchObject({ machineId: 'mch_fake1', machineName: 'edge-7', project: 'default' });
    for (const name of ['identity.key', 'tls.key', 'tls.crt', 'ca.pem', 'machine.json']) {
      expect((await stat(join(dir, name))).mode & 0o777, name).toBe(0o600);
    }
    await expect(stat(join(dir, 'token'))).rejects.toThrow(/ENOENT/);
  });

  it('fault 1, fault 2: a reply that is lost is made good with the same key, and the token is spent once', async () => {
    fake.loseNextReply = true;
    await expect(enroll(ports())).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE' });
    const key = await readFile(join(dir, 'identity.key'), 'utf8');
    const machine = await enroll(ports());
    expect(machine.machineId).toBe('mch_fake1');
    expect(await readFile(join(dir, 'identity.key'), 'utf8')).toBe(key);
    expect(fake.tokenUses).toBe(1);
  });

  it('fault 12: under another CA it stops before it sends anything', async () => {
    const caPin = `sha256:${'0'.repeat(64)}`;
    await expect(enroll(ports({ caPin }))).rejects.toMatchObject({ code: 'CA_PIN_MISMATCH', retry: 'later' });
    expect(fake.machines.size).toBe(0);
    await expect(stat(join(dir, 'token'))).resolves.toBeDefined();
  });

  it.each([
    ['a year ahead', 365 * 86_400_000, 'ahead of'],
    ['a year behind', -365 * 86_400_000, 'behind'],
    ['six minutes behind', -6 * 60_000, 'behind'],
  ])('fault 13: a clock that is %s is told with its numbers, and the token is kept', async (_name, offMs, words) => {
    const clock = { ...systemClock, now: () => ({ ...systemClock.now(), wallMs: Date.now() + offMs }) };
    await expect(enroll(ports({ clock }))).rejects.toMatchObject({ code: 'CLOCK_SKEW', message: containing(words) });
    expect(fake.tokenUses).toBe(0);
  });

  it('a token that is refused is told with what to do', async () => {
    await writeFile(join(dir, 'token'), 'tok_abc.ffffffffffffffff');
    await expect(enroll(ports())).rejects.toMatchObject({
      code: 'TOKEN_REFUSED',
      remedy: containing('flotilla token create'),
    });
  });

  it('without a token, or with something else in its file, nothing is tried', async () => {
    await writeFile(join(dir, 'token'), 'hello');
    await expect(enroll(ports())).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
    await rm(join(dir, 'token'));
    await expect(enroll(ports())).rejects.toMatchObject({ code: 'TOKEN_MISSING' });
  });

  it('a server that is not there is told as such', async () => {
    await fake.close();
    await expect(enroll(ports())).rejects.toMatchObject({ code: 'SERVER_UNREACHABLE', kind: 'unavailable' });
    fake = await FakeControlPlane.start({ token });
  });
});
