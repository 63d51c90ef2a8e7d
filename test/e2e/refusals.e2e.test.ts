import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { diffSnapshots, type Server, type Snapshot } from '../testbed/index.js';
import {
  beyondOurs,
  callsOf,
  closeGround,
  createClusterToken,
  createToken,
  damageBlob,
  fakeProgram,
  faultsOf,
  follow,
  isAgentActive,
  openGround,
  runInstaller,
  showFake,
  tokenFacts,
  uninstalled,
  untilTokenIs,
  type Ground,
  type Token,
} from './refusals-support.js';
import { paste, until } from './support.js';

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

/** MemTotal in the shape of /proc/meminfo. */
function fakeMeminfo(mib: number): string {
  return `MemTotal: ${mib * 1024} kB\nMemFree: ${mib * 512} kB\nMemAvailable: ${mib * 512} kB\n`;
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
    expect(diffSnapshots(before, await main.snapshot())).toEqual([]);
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
    expect(faultsOf(said, { code: 'OS_UNSUPPORTED', reason: /Plan 9 4 is not supported/, remedy: /Debian 12/, exit: 3 })).toEqual([]);
  });

  test('a processor that is not supported', async () => {
    const path = await fakeProgram(main, 'uname', 'case $1 in -m) echo riscv64 ;; *) exec /usr/bin/uname "$@" ;; esac');
    const said = await runInstaller(main, token.text, '', path);
    await main.execOk(['rm', '-r', '/run/fake-bin-uname']);
    expect(faultsOf(said, { code: 'ARCH_UNSUPPORTED', reason: /riscv64/, remedy: /x86_64 or aarch64/, exit: 3 })).toEqual([]);
  });

  test('far too little memory', async () => {
    const off = await showFake(main, '/proc/meminfo', fakeMeminfo(256));
    const said = await runInstaller(main, token.text);
    await off();
    expect(faultsOf(said, { code: 'MEMORY_LOW', reason: /256 MiB/, remedy: /2 GiB/, exit: 3 })).toEqual([]);
  });

  test('something else than a token', async () => {
    const said = await runInstaller(main, 'hello');
    expect(faultsOf(said, { code: 'TOKEN_INVALID', reason: /not an enrolment token/, remedy: /flotilla token create/, exit: 2 })).toEqual([]);
    expect(said.output).not.toContain('hello');
  });

  test('a server with another key than the pinned one: nothing is sent to it', async () => {
    const calls = await callsOf(ground, 'Enrollment');
    const said = await runInstaller(main, token.text, `--pin ${otherKey}`);
    expect(faultsOf(said, { code: 'PIN_MISMATCH', reason: /another public key/, remedy: /new line/, exit: 1 })).toEqual([]);
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
    expect(faultsOf(said, { code: 'SERVER_UNREACHABLE', reason: /tried 3 times/, remedy: /firewall/, exit: 1 })).toEqual([]);
  });
});

describe('refused for want of disk: nothing is left behind', () => {
  test('a disk that is too small for the agent', async () => {
    const token = await createToken(ground);
    const before = await server('small').snapshot();
    const said = await runInstaller(server('small'), token.text);
    expect(faultsOf(said, { code: 'DISK_FULL', reason: /needed/, remedy: /free some space/, exit: 1 })).toEqual([]);
    expect(diffSnapshots(before, await server('small').snapshot())).toEqual([]);
    expect(await tokenFacts(ground, token)).toMatchObject({ uses: 0 });
  });

  test('a disk that is full in the middle', async () => {
    const token = await createToken(ground);
    // A df that promises too much: the room ends while the runtime is unpacked.
    const path = await fakeProgram(server('small'), 'df', 'printf "Filesystem 1024-blocks Used Available Capacity Mounted\\nfake 9 1 99999999 1%% /\\n"');
    const before = await server('small').snapshot();
    const said = await runInstaller(server('small'), token.text, '', path);
    expect(faultsOf(said, { code: /UNPACK_FAILED/.test(said.output) ? 'UNPACK_FAILED' : 'DISK_FULL', reason: /space/i, remedy: /free/, exit: 1 })).toEqual([]);
    expect(diffSnapshots(before, await server('small').snapshot())).toEqual([]);
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

  const refused = { code: 'TOKEN_REFUSED', reason: /unknown, used, expired or revoked/, remedy: /flotilla token create/, exit: 1 };

  test('a CA with another key than the pinned one: nothing is sent to it', async () => {
    const token = await createToken(ground);
    const calls = await callsOf(ground, 'Enrollment');
    const said = await runInstaller(main, token.text, `--ca-pin ${otherCa}`);
    expect(faultsOf(said, { code: 'CA_PIN_MISMATCH', reason: /does not have the key/, remedy: /Nothing was sent/, exit: 1 })).toEqual([]);
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
    expect(await runInstaller(medium, token.text)).toMatchObject({ code: 0 });
    expect(faultsOf(await runInstaller(main, token.text), refused)).toEqual([]);
    expect(await tokenFacts(ground, token)).toEqual({ uses: 1, state: expect.stringContaining('SPENT') as string });
    expect(await uninstalled(medium, clean)).toEqual([]);
  });

  test('the operator finds the exact reason', async () => {
    const events = await ground.controlPlane.flotilla(['get', 'events']);
    for (const reason of ['it was revoked', 'it has expired', 'all its uses are spent', 'its secret is wrong']) expect(events).toContain(reason);
  });

  test('a control plane that went away: the time of --timeout ends with where it stands and why', async () => {
    const token = await createToken(ground);
    expect(await runInstaller(main, token.text, '--no-start')).toMatchObject({ code: 0 });
    await main.execOk(['systemctl', 'stop', 'flotilla-agent']);
    await ground.controlPlane.stop();
    undo.push(() => ground.controlPlane.start());
    await main.execOk(['systemctl', 'start', 'flotilla-agent']);
    const said = await follow(main, '4s');
    expect(faultsOf(said, { code: 'SERVER_UNREACHABLE', reason: /could not be reached|did not answer/, remedy: /firewall/, exit: 4 })).toEqual([]);
  });
});

describe('refused by preflight: only the agent is there, it keeps running, and uninstall.sh leaves nothing', () => {
  interface Case {
    readonly what: string;
    readonly on: string;
    readonly prepare: (server: Server) => Promise<() => Promise<void>>;
    readonly code: string;
    readonly reason: RegExp;
    readonly remedy: RegExp;
  }

  const kubeletFiles = { '/etc/kubernetes/kubelet.conf': 'of another cluster\n', '/var/lib/kubelet/config.yaml': 'kind: KubeletConfiguration\n' };
  const cases: readonly Case[] = [
    {
      what: 'too little memory for a control plane',
      on: 'main',
      prepare: (on) => showFake(on, '/proc/meminfo', fakeMeminfo(1024)),
      code: 'MEMORY_LOW',
      reason: /1\.0 GiB|1 GiB|1024 MiB/,
      remedy: /more memory/,
    },
    {
      what: 'swap that is on',
      on: 'main',
      prepare: (on) => showFake(on, '/proc/swaps', 'Filename Type Size Used Priority\n/dev/sda5 partition 2097152 0 -2\n'),
      code: 'SWAP_ON',
      reason: /\/dev\/sda5 \(2/,
      remedy: /swapoff/,
    },
    {
      what: "the kubelet's port in use",
      on: 'main',
      prepare: async (on) => {
        await on.execOk(['systemd-run', '--quiet', '--unit', 'fake-listener', 'socat', 'TCP-LISTEN:10250,fork,reuseaddr', 'SYSTEM:true']);
        await until('the fake listener listens', 10_000, async () => ((await on.execOk(['ss', '-ltn'])).includes(':10250 ') ? true : undefined));
        return async () => {
          await on.execOk(['systemctl', 'stop', 'fake-listener']);
        };
      },
      code: 'PORT_IN_USE',
      reason: /10250\/tcp is held by socat \(pid \d+\)/,
      remedy: /Stop it/,
    },
    {
      what: 'the kubelet of another cluster',
      on: 'main',
      prepare: async (on) => {
        for (const [path, text] of Object.entries(kubeletFiles)) await on.writeFile(path, text, 0o600);
        return async () => {
          for (const [path, text] of Object.entries(kubeletFiles)) expect(await on.readFile(path)).toBe(text);
          await on.execOk(['rm', '-r', '/etc/kubernetes', '/var/lib/kubelet/config.yaml']);
        };
      },
      code: 'FOREIGN_CLUSTER',
      reason: /\/etc\/kubernetes\/kubelet\.conf is there/,
      remedy: /will not touch it/,
    },
    {
      what: 'a disk that is too small for Kubernetes',
      on: 'medium',
      prepare: async () => async () => undefined,
      code: 'DISK_SMALL',
      reason: /20 GB are needed/,
      remedy: /larger disk/,
    },
  ];

  test.each(cases)('$what', async ({ on, prepare, code, reason, remedy }) => {
    const machine = server(on);
    const clear = await prepare(machine);
    undo.push(clear);
    const token = await createClusterToken(ground);
    const before = await machine.snapshot();
    const said = await runInstaller(machine, token.text);
    expect(faultsOf(said, { code, reason, remedy, exit: 1 })).toEqual([]);
    expect(said.output).toMatch(/2\/11 assign +done[^\n]*control-plane/);
    expect(said.output).toMatch(/3\/11 preflight +failed/);
    expect(said.output).toContain('Nothing on this machine was changed except /opt/flotilla, /etc/flotilla and the flotilla-agent service.');
    expect(beyondOurs(before, await machine.snapshot())).toEqual([]);
    expect(await isAgentActive(machine)).toBe(true);
    expect(await uninstalled(machine, before)).toEqual([]);
  });
});

describe('refused while installing: told as it is, and undone by uninstall.sh', () => {
  test('a file of the mirror with other bytes, then a disk that fills up', async () => {
    const before = await main.snapshot();
    const repair = damageBlob('containerd');
    undo.push(repair);
    const token = await createClusterToken(ground);
    expect(await runInstaller(main, token.text, '--no-follow')).toMatchObject({ code: 0 });
    const first = await until('the damaged file is refused', 120_000, async () => {
      const { output } = await paste(main, 'flotilla-agent status');
      return output.includes('DOWNLOAD_CORRUPT') ? output : undefined;
    });
    expect(faultsOf({ code: 1, output: first }, { code: 'DOWNLOAD_CORRUPT', reason: /is not the file that the manifest names/, remedy: /sync/, exit: 1 })).toEqual([]);
    expect((await main.exec(['find', '/opt/flotilla', '/usr/local/bin', '-name', 'containerd*'])).stdout).toBe('');

    repair();
    // Room is promised by allocation only: the host's disk is not written.
    await main.execOk(['sh', '-c', 'fallocate -l $(($(df --output=avail -k / | tail -n 1) - 2048))K /filler']);
    await main.exec(['flotilla-agent', 'doctor']);
    const second = await until('the full disk is told', 120_000, async () => {
      const { output } = await paste(main, 'flotilla-agent status');
      return /DISK_FULL|HTTP_FAILED|ENOSPC/.test(output) ? output : undefined;
    });
    expect(faultsOf({ code: 1, output: second }, { code: 'DISK_FULL', reason: /space|ENOSPC/i, remedy: /[Ff]ree/, exit: 1 })).toEqual([]);
    await main.execOk(['rm', '/filler']);
    expect(await uninstalled(main, before)).toEqual([]);
  });
});
