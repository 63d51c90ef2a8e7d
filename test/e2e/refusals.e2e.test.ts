import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Server, type Snapshot } from '../testbed/index.js';
import {
  beyondOurs,
  callsOf,
  changesSince,
  closeGround,
  createClusterToken,
  createToken,
  damageBlob,
  fakeProgram,
  faultsOf,
  follow,
  isAgentActive,
  mustInstall,
  openGround,
  runInstaller,
  showFake,
  tokenFacts,
  uninstalled,
  untilOperatorSees,
  untilTokenIs,
  untilTold,
  type Ground,
  type Token,
} from './refusals-support.js';
import { fakeMeminfo, preflightCases } from './refusals-preflight.js';
import { paste } from './support.js';

const gib = 1024;
const unknownToken = 'zzzz2222.zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz';
const otherCa = `sha256:${'0'.repeat(64)}`;
const otherKey = `sha256//${'A'.repeat(43)}=`;

let ground: Ground;
let main: Server;
let expiring: Token;
const undo: (() => Promise<void> | void)[] = [];

/** A server of the ground, untouched. */
function server(name: string): Server {
  const found = ground.servers.get(name);
  if (found === undefined) throw new Error(`no server ${name}`);
  return found;
}

// A clock that is off cannot be made here: the servers share the clock of their host. It is proven against a server
// whose Date differs (installer/cases/host) and with a clock of its own in the agent (node-agent, fault-13).
beforeAll(async () => {
  ground = await openGround([
    { name: 'main', diskMiB: 24 * gib },
    { name: 'small', diskMiB: 160 },
    { name: 'medium', diskMiB: gib },
  ]);
  main = server('main');
  // The shortest life there is; it runs out while the other cases run.
  expiring = await createToken(ground, ['--ttl', '1m']);
}, 600_000);
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});
afterAll(closeGround, 120_000);

describe('refused before anything is installed: nothing is left behind', () => {
  let before: Snapshot;
  let token: Token;

  beforeAll(async () => {
    token = await createToken(ground);
    before = await main.snapshot();
  });
  afterEach(async () => {
    expect(changesSince(before, await main.snapshot())).toEqual([]);
    expect(await tokenFacts(ground, token)).toMatchObject({ uses: 0 });
  });

  test('not root', async () => {
    const line = `setpriv --reuid nobody --regid nogroup --clear-groups sh -s -- --token ${token.text} </root/install.sh`;
    const said = await paste(main, line);
    expect(faultsOf(said, { code: 'NOT_ROOT', reason: /needs root/, remedy: /sudo/, exit: 1 })).toEqual([]);
  });

  test('an operating system that is not supported', async () => {
    const off = await showFake(main, '/usr/lib/os-release', 'ID=plan9\nNAME="Plan 9"\nVERSION_ID=4\n');
    const said = await runInstaller(main, token.text);
    await off();
    expect(
      faultsOf(said, { code: 'OS_UNSUPPORTED', reason: /Plan 9 4 is not supported/, remedy: /Debian 12/, exit: 3 }),
    ).toEqual([]);
  });

  test('a processor that is not supported', async () => {
    const path = await fakeProgram(main, 'uname', 'case $1 in -m) echo riscv64 ;; *) exec /usr/bin/uname "$@" ;; esac');
    const said = await runInstaller(main, token.text, '', path);
    await main.execOk(['rm', '-r', '/run/fake-bin-uname']);
    expect(
      faultsOf(said, { code: 'ARCH_UNSUPPORTED', reason: /riscv64/, remedy: /x86_64 or aarch64/, exit: 3 }),
    ).toEqual([]);
  });

  test('far too little memory', async () => {
    const off = await showFake(main, '/proc/meminfo', fakeMeminfo(256));
    const said = await runInstaller(main, token.text);
    await off();
    expect(faultsOf(said, { code: 'MEMORY_LOW', reason: /256 MiB/, remedy: /2 GiB/, exit: 3 })).toEqual([]);
  });

  test('something else than a token', async () => {
    const said = await runInstaller(main, 'hello');
    expect(
      faultsOf(said, {
        code: 'TOKEN_INVALID',
        reason: /not an enrolment token/,
        remedy: /flotilla token create/,
        exit: 2,
      }),
    ).toEqual([]);
    expect(said.output).not.toContain('hello');
  });

  test('a server with another key than the pinned one: nothing is sent to it', async () => {
    const calls = await callsOf(ground, 'Enrollment');
    const said = await runInstaller(main, token.text, `--pin ${otherKey}`);
    expect(faultsOf(said, { code: 'PIN_MISMATCH', reason: /another public key/, remedy: /new line/, exit: 1 })).toEqual(
      [],
    );
    expect(said.output).toContain('Nothing was sent to it.');
    expect(await callsOf(ground, 'Enrollment')).toBe(calls);
  });

  test('the pasted line itself runs nothing from a server with another key', async () => {
    const line = `curl -fsSL --insecure --pinnedpubkey ${otherKey} ${ground.url}/install.sh | sh -s -- --token ${token.text}`;
    expect((await paste(main, line)).output).toMatch(/pinned/);
  });

  test('a server that does not answer', async () => {
    await ground.controlPlane.stop();
    const said = await runInstaller(main, token.text);
    await ground.controlPlane.start();
    expect(
      faultsOf(said, { code: 'SERVER_UNREACHABLE', reason: /tried 3 times/, remedy: /firewall/, exit: 1 }),
    ).toEqual([]);
  });
});

describe('refused for want of disk: nothing is left behind', () => {
  test('a disk that is too small for the agent', async () => {
    const token = await createToken(ground);
    const before = await server('small').snapshot();
    const said = await runInstaller(server('small'), token.text);
    expect(faultsOf(said, { code: 'DISK_FULL', reason: /needed/, remedy: /free some space/, exit: 1 })).toEqual([]);
    expect(changesSince(before, await server('small').snapshot())).toEqual([]);
    expect(await tokenFacts(ground, token)).toMatchObject({ uses: 0 });
  });

  test('a disk that is full in the middle', async () => {
    const token = await createToken(ground);
    // A df that promises too much: the room ends while the runtime is unpacked.
    const path = await fakeProgram(
      server('small'),
      'df',
      'printf "Filesystem 1024-blocks Used Available Capacity Mounted\\nfake 9 1 99999999 1%% /\\n"',
    );
    const before = await server('small').snapshot();
    const said = await runInstaller(server('small'), token.text, '', path);
    expect(
      faultsOf(said, {
        code: /UNPACK_FAILED/.test(said.output) ? 'UNPACK_FAILED' : 'DISK_FULL',
        reason: /space/i,
        remedy: /free/,
        exit: 1,
      }),
    ).toEqual([]);
    expect(changesSince(before, await server('small').snapshot())).toEqual([]);
    expect(await tokenFacts(ground, token)).toMatchObject({ uses: 0 });
  });
});

describe('refused at the door: the agent stays, and uninstall.sh leaves nothing', () => {
  let before: Snapshot;
  beforeAll(async () => {
    before = await main.snapshot();
  });
  afterAll(async () => {
    expect(await uninstalled(main, before)).toEqual([]);
  });

  const refused = {
    code: 'TOKEN_REFUSED',
    reason: /unknown, used, expired or revoked/,
    remedy: /flotilla token create/,
    exit: 1,
  };

  test('a CA with another key than the pinned one: nothing is sent to it', async () => {
    const token = await createToken(ground);
    const calls = await callsOf(ground, 'Enrollment');
    const said = await runInstaller(main, token.text, `--ca-pin ${otherCa}`);
    expect(
      faultsOf(said, { code: 'CA_PIN_MISMATCH', reason: /does not have the key/, remedy: /Nothing was sent/, exit: 1 }),
    ).toEqual([]);
    expect(await callsOf(ground, 'Enrollment')).toBe(calls);
    expect(await tokenFacts(ground, token)).toEqual({ uses: 0, state: expect.stringContaining('ACTIVE') as string });
    expect(beyondOurs(before, await main.snapshot())).toEqual([]);
  });

  test('a token that does not exist; the next line can be pasted over it', async () => {
    const said = await runInstaller(main, unknownToken);
    expect(faultsOf(said, refused)).toEqual([]);
    expect(await isAgentActive(main)).toBe(true);
    expect(beyondOurs(before, await main.snapshot())).toEqual([]);
  });

  test('a token whose secret is wrong', async () => {
    const token = await createToken(ground);
    const said = await runInstaller(main, `${token.id}.${'z'.repeat(30)}`);
    expect(faultsOf(said, refused)).toEqual([]);
    expect(await tokenFacts(ground, token)).toMatchObject({ uses: 0 });
  });

  test('a token that was revoked', async () => {
    const token = await createToken(ground);
    await ground.controlPlane.flotilla(['token', 'revoke', token.id]);
    expect(faultsOf(await runInstaller(main, token.text), refused)).toEqual([]);
    expect(await tokenFacts(ground, token)).toEqual({ uses: 0, state: expect.stringContaining('REVOKED') as string });
  });

  test('a token that has expired', async () => {
    await untilTokenIs(ground, expiring, 'EXPIRED', 90_000);
    expect(faultsOf(await runInstaller(main, expiring.text), refused)).toEqual([]);
    expect(await tokenFacts(ground, expiring)).toMatchObject({ uses: 0 });
  });

  test('a token that another machine has used', async () => {
    const token = await createToken(ground);
    const medium = server('medium');
    const clean = await medium.snapshot();
    await mustInstall(medium, token.text);
    expect(faultsOf(await runInstaller(main, token.text), refused)).toEqual([]);
    expect(await tokenFacts(ground, token)).toEqual({ uses: 1, state: expect.stringContaining('SPENT') as string });
    expect(await uninstalled(medium, clean)).toEqual([]);
  });

  test('the operator finds the exact reason', async () => {
    const events = await ground.controlPlane.flotilla(['get', 'events']);
    for (const reason of ['it was revoked', 'it has expired', 'all its uses are spent', 'its secret is wrong'])
      expect(events).toContain(reason);
  });

  test('a control plane that went away: the time of --timeout ends with where it stands and why', async () => {
    const token = await createToken(ground);
    await mustInstall(main, token.text, '--no-start');
    await main.execOk(['systemctl', 'stop', 'flotilla-agent']);
    await ground.controlPlane.stop();
    undo.push(() => ground.controlPlane.start());
    await main.execOk(['systemctl', 'start', 'flotilla-agent']);
    const said = await follow(main, '4s');
    expect(
      faultsOf(said, {
        code: 'SERVER_UNREACHABLE',
        reason: /could not be reached|did not answer/,
        remedy: /firewall/,
        exit: 4,
      }),
    ).toEqual([]);
  });
});

describe('refused by preflight: only the agent is there, it keeps running, and uninstall.sh leaves nothing', () => {
  test.each(preflightCases)('$what', async ({ on, prepare, code, reason, remedy }) => {
    const machine = server(on);
    const clear = await prepare(machine);
    undo.push(clear);
    const token = await createClusterToken(ground);
    const before = await machine.snapshot();
    const said = await runInstaller(machine, token.text);
    expect(faultsOf(said, { code, reason, remedy, exit: 1 })).toEqual([]);
    expect(said.output).toMatch(/2\/11 assign +done[^\n]*control-plane/);
    expect(said.output).toMatch(/3\/11 preflight +failed/);
    expect(said.output).toContain(
      'Nothing on this machine was changed except /opt/flotilla, /etc/flotilla and the flotilla-agent service.',
    );
    expect(beyondOurs(before, await machine.snapshot())).toEqual([]);
    expect(await isAgentActive(machine)).toBe(true);
    await untilOperatorSees(ground, token, code);
    expect(await uninstalled(machine, before)).toEqual([]);
  });
});

describe('refused while installing: told as it is, and undone by uninstall.sh', () => {
  let before: Snapshot;
  beforeAll(async () => {
    before = await main.snapshot();
  });
  afterAll(async () => {
    expect(await uninstalled(main, before)).toEqual([]);
  });

  test('a file of the mirror with other bytes is not installed, and the terminal says why', async () => {
    undo.push(damageBlob('containerd'));
    const token = await createClusterToken(ground);
    await mustInstall(main, token.text, '--no-follow');
    const wanted = { code: 'DOWNLOAD_CORRUPT', reason: /is not the file that the manifest names/, remedy: /sync/ };
    const told = await untilTold(main, /DOWNLOAD_CORRUPT/);
    expect(faultsOf(told, { ...wanted, exit: 0 })).toEqual([]);
    expect((await main.exec(['find', '/opt/flotilla', '/usr/local/bin', '-name', 'containerd*'])).stdout).toBe('');
    expect(faultsOf(await follow(main, '8s'), { ...wanted, exit: 4 })).toEqual([]);
  });

  test('a disk that fills up is told as a full disk', async () => {
    // Room is taken by allocation only: the host's disk is not written.
    await main.execOk(['sh', '-c', 'fallocate -l $(($(df --output=avail -k / | tail -n 1) - 2048))K /filler']);
    undo.push(async () => {
      await main.execOk(['rm', '/filler']);
    });
    await main.exec(['flotilla-agent', 'doctor']);
    const told = await untilTold(main, /DISK_FULL|ENOSPC/);
    expect(faultsOf(told, { code: 'DISK_FULL', reason: /space|ENOSPC/i, remedy: /[Ff]ree/, exit: 0 })).toEqual([]);
  });
});
