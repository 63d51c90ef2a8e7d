import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { diffSnapshots, ensurePrerequisites, findBeds, openBed, type Bed, type Server } from './index.js';

const found = await ensurePrerequisites();
if (!found.ok) console.warn(`skipped, this host cannot boot test servers: ${found.reasons.join('; ')}`);

const SETTINGS = [
  'fs/inotify/max_user_instances',
  'fs/inotify/max_user_watches',
  'kernel/pid_max',
  'kernel/core_pattern',
  'vm/overcommit_memory',
  'net/ipv4/ip_forward',
];
const readSettings = (): string[] => SETTINGS.map((key) => `${key}=${readFileSync(`/proc/sys/${key}`, 'utf8').trim()}`);
const pings = async (from: Server, address: string): Promise<boolean> =>
  (await from.exec(['ping', '-c', '1', '-W', '1', address])).code === 0;

describe.skipIf(!found.ok)('real servers', { timeout: 180_000 }, () => {
  const name = `e2e${String(process.pid % 100_000)}`;
  const othersWereUp = found.ok && findBeds().length > 0;
  const settings = found.ok ? readSettings() : [];
  const directory = mkdtempSync(join(tmpdir(), 'testbed-'));
  const stateDir = join(directory, 'bed');
  let bed: Bed;
  let alpha: Server;
  let bravo: Server;

  beforeAll(async () => {
    bed = openBed({ name, stateDir });
    [alpha, bravo] = (await bed.up(['alpha', { name: 'bravo', diskMiB: 256 }])) as [Server, Server];
  }, 600_000);

  afterAll(async () => {
    await bed.down();
    rmSync(directory, { recursive: true });
  }, 60_000);

  test('they are servers of their own: name, identity, address, default route, no forwarding, no hosts entry', async () => {
    expect((await alpha.execOk(['hostname'])).trim()).toBe('alpha');
    expect(await alpha.readFile('/etc/machine-id')).not.toBe(await bravo.readFile('/etc/machine-id'));
    expect(await alpha.execOk(['ip', '-o', '-4', 'address', 'show', 'dev', 'eth0'])).toContain(`${alpha.address}/24`);
    expect(await alpha.execOk(['ip', 'route', 'show', 'default'])).toContain(`via ${bed.hostAddress} dev eth0`);
    expect((await alpha.readFile('/proc/sys/net/ipv4/ip_forward')).trim()).toBe('0');
    expect(await alpha.readFile('/etc/hosts')).not.toContain('alpha');
    expect((await alpha.execOk(['systemctl', 'is-system-running'])).trim()).toBe('running');
    for (const command of ['node', 'kubelet', 'containerd'])
      expect((await alpha.exec(['which', command])).code).toBe(1);
  });

  test('they reach each other, and a service of the host at .1', async () => {
    expect(await pings(alpha, bravo.address)).toBe(true);
    const http = createServer((_, response) => response.end('control plane')).listen(0, bed.hostAddress);
    await new Promise((resolve) => http.once('listening', resolve));
    const address = http.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    try {
      expect(await bravo.execOk(['curl', '-s', `http://${bed.hostAddress}:${String(port)}/`])).toBe('control plane');
    } finally {
      http.close();
    }
  });

  test('exec tells code and streams, takes input, works in the root directory and ends at its time', async () => {
    expect(await alpha.exec(['sh', '-c', 'cat; pwd; echo no >&2; exit 7'], { input: 'yes\n' })).toEqual({
      code: 7,
      stdout: 'yes\n/\n',
      stderr: 'no\n',
      timedOut: false,
    });
    expect(await alpha.exec(['sh', '-c', 'sleep 321 & wait'], { timeoutMs: 300 })).toMatchObject({
      code: 124,
      timedOut: true,
    });
    await expect.poll(async () => (await alpha.exec(['pgrep', '-f', '^sleep 321'])).code).toBe(1);
    expect((await alpha.exec(['readlink', '/proc/self/cwd'])).stdout).toBe('/\n');
  });

  test('files and trees go in as they are', async () => {
    const local = join(directory, 'local');
    writeFileSync(local, Buffer.from([0, 255, 10]), { mode: 0o750 });
    await alpha.push(local, '/opt/a b/file');
    expect(await alpha.execOk(['stat', '-c', '%a %s', '/opt/a b/file'])).toBe('750 3\n');
    await alpha.writeFile('/opt/text', 'one', 0o600);
    expect(await alpha.readFile('/opt/text')).toBe('one');
    await alpha.pushTree(join(import.meta.dirname, 'pure'), '/opt/tree');
    expect(await alpha.readFile('/opt/tree/README.md')).toBe(
      readFileSync(join(import.meta.dirname, 'pure', 'README.md'), 'utf8'),
    );
    await alpha.execOk(['rm', '-r', '/opt/a b', '/opt/text', '/opt/tree']);
  });

  test('a snapshot shows what a product leaves, and nothing over a reboot without one', async () => {
    const before = await alpha.snapshot();
    await alpha.reboot();
    expect(diffSnapshots(before, await alpha.snapshot())).toEqual([]);

    await alpha.writeFile('/opt/left', 'x');
    await alpha.writeFile('/var/lib/kubelet/left', 'x');
    await alpha.writeFile(
      '/etc/systemd/system/left.service',
      '[Service]\nExecStart=/bin/sleep 4321\n[Install]\nWantedBy=multi-user.target\n',
    );
    await alpha.execOk(['systemctl', 'enable', '--now', 'left.service']);
    await alpha.execOk(['sysctl', '-w', 'net.ipv4.ip_forward=1']);
    await alpha.execOk(['nft', 'add', 'table', 'ip', 'left']);
    await alpha.execOk(['ip', 'link', 'add', 'left0', 'type', 'bridge']);
    await alpha.execOk(['mount', '-t', 'tmpfs', 'left', '/mnt']);
    const lines = diffSnapshots(before, await alpha.snapshot()).join('\n');
    for (const left of [
      'files + /opt/left  file 0644 0:0 1 bytes',
      'files + /var/lib/kubelet/left',
      'files + /etc/systemd/system/left.service',
      'units + left.service  enabled active',
      'processes + /bin/sleep 4321',
      'sysctls ~ net.ipv4.ip_forward  0 -> 1',
      'firewall + table ip left',
      'network + link left0',
      'mounts + /mnt  tmpfs',
    ]) {
      expect(lines).toContain(left);
    }
  });

  test('a reboot is a new boot with the same files, and forwarding is off again', async () => {
    const [bootId, machineId] = [await alpha.bootId(), await alpha.readFile('/etc/machine-id')];
    await alpha.writeFile('/var/lib/containerd/kept', 'x');
    await alpha.reboot();
    expect(await alpha.bootId()).not.toBe(bootId);
    expect(await alpha.readFile('/etc/machine-id')).toBe(machineId);
    expect(await alpha.readFile('/var/lib/containerd/kept')).toBe('x');
    expect((await alpha.readFile('/proc/sys/net/ipv4/ip_forward')).trim()).toBe('0');
    expect(await pings(bravo, alpha.address)).toBe(true);
  });

  test('a reboot is not held up by commands that run from the outside', async () => {
    const running = ['1', '2', '3'].map((seconds) => alpha.spawn(['sleep', `100${seconds}`]));
    const ends = running.map((child) => new Promise((resolve) => child.on('close', resolve)));
    await alpha.reboot(30_000);
    await Promise.all(ends);
  });

  test('a setting that was stored for boot wins over the default of the bed', async () => {
    await alpha.writeFile('/etc/sysctl.d/99-test.conf', 'net.ipv4.ip_forward = 1\n');
    await alpha.reboot();
    expect((await alpha.readFile('/proc/sys/net/ipv4/ip_forward')).trim()).toBe('1');
    await alpha.execOk(['rm', '/etc/sysctl.d/99-test.conf']);
  });

  test('a power cut takes everything at once, and only of that server', async () => {
    const [bootId, otherBootId] = [await alpha.bootId(), await bravo.bootId()];
    await alpha.writeFile('/root/kept', 'x');
    await alpha.powerCut();
    expect(alpha.power()).toBe('off');
    await expect(alpha.exec(['true'])).rejects.toMatchObject({ code: 'SERVER_OFF' });
    expect(await pings(bravo, alpha.address)).toBe(false);
    await alpha.powerOn();
    expect(await alpha.bootId()).not.toBe(bootId);
    expect(await alpha.readFile('/root/kept')).toBe('x');
    expect(await bravo.bootId()).toBe(otherBootId);
  });

  test('switched off from the inside it stays off until it is switched on', async () => {
    await alpha.exec(['systemctl', 'poweroff']);
    await expect.poll(() => alpha.power(), { timeout: 30_000 }).toBe('off');
    await alpha.powerOn();
    expect(alpha.power()).toBe('up');
    expect(alpha.consoleLog().match(/Welcome to /g)?.length).toBeGreaterThan(2);
  });

  test('frozen, nothing in it moves; thawed, it is the same boot; a frozen server can lose its power too', async () => {
    const bootId = await alpha.bootId();
    const ticks = alpha.spawn(['sh', '-c', 'while :; do echo tick; sleep 0.05; done']);
    let heard = 0;
    ticks.stdout?.on('data', () => (heard += 1));
    await expect.poll(() => heard).toBeGreaterThan(1);
    await alpha.freeze();
    expect(alpha.power()).toBe('frozen');
    await expect(alpha.exec(['true'])).rejects.toMatchObject({ code: 'SERVER_FROZEN' });
    const heardFrozen = heard;
    // bravo runs for a second meanwhile: what is shown is that alpha does not.
    await bravo.execOk(['sleep', '1']);
    expect(heard - heardFrozen).toBeLessThanOrEqual(1);
    await alpha.thaw();
    await expect.poll(() => heard).toBeGreaterThan(heardFrozen + 2);
    expect(await alpha.bootId()).toBe(bootId);
    await alpha.freeze();
    await alpha.powerCut();
    expect(alpha.power()).toBe('off');
    await alpha.powerOn();
  });

  test('cut off from all, from the host, and one way only; healed again', async () => {
    await alpha.partition();
    expect([
      await pings(alpha, bravo.address),
      await pings(bravo, alpha.address),
      await pings(alpha, bed.hostAddress),
    ]).toEqual([false, false, false]);
    await alpha.heal();
    expect([await pings(alpha, bravo.address), await pings(alpha, bed.hostAddress)]).toEqual([true, true]);

    await alpha.partition({ from: 'host' });
    expect([await pings(alpha, bed.hostAddress), await pings(alpha, bravo.address)]).toEqual([false, true]);
    await alpha.heal();

    await alpha.partition({ from: ['bravo'], direction: 'in' });
    const counter = async (server: Server): Promise<number> =>
      Number(/InEchos (\d+)/.exec((await server.execOk(['nstat', '-asz', 'IcmpInEchos'])).replace(/\s+/g, ' '))?.[1]);
    const [before, beforeBack] = [await counter(bravo), await counter(alpha)];
    expect([await pings(alpha, bravo.address), await pings(bravo, alpha.address)]).toEqual([false, false]);
    // What alpha sent has arrived, only the answer has not; what bravo sent has not arrived.
    expect([await counter(bravo), await counter(alpha)]).toEqual([before + 1, beforeBack]);
    expect(await pings(alpha, bed.hostAddress)).toBe(true);
    await alpha.heal();
    expect(await pings(bravo, alpha.address)).toBe(true);
    await expect(alpha.partition({ from: ['nobody'] })).rejects.toMatchObject({ code: 'NO_SERVER' });
  });

  test('a partition outlives a reboot', async () => {
    await alpha.partition({ from: ['bravo'] });
    await alpha.reboot();
    expect(await pings(bravo, alpha.address)).toBe(false);
    await alpha.heal();
  });

  test('a small disk can be filled and is small for everything the server writes', async () => {
    for (const path of ['/', '/var/lib/kubelet']) {
      const sizeMiB = Number(
        (await bravo.execOk(['df', '--output=size', '-BM', path])).split('\n')[1]?.replace('M', ''),
      );
      expect(sizeMiB).toBeLessThanOrEqual(256);
    }
    expect(await bravo.exec(['fallocate', '-l', '300M', '/root/big'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No space left') as string,
    });
    await bravo.execOk(['rm', '-f', '/root/big']);
  });

  test('two are cut off together: they reach each other and nobody else', async () => {
    await bed.isolate(['alpha', 'bravo']);
    expect([await pings(alpha, bravo.address), await pings(alpha, bed.hostAddress)]).toEqual([true, false]);
    await bed.isolate(['alpha']);
    expect(await pings(alpha, bravo.address)).toBe(false);
    await Promise.all([alpha.heal(), bravo.heal()]);
    // A neighbour that was given up is asked for again once a second.
    await expect.poll(() => pings(alpha, bed.hostAddress), { timeout: 10_000 }).toBe(true);
    expect(await pings(alpha, bravo.address)).toBe(true);
  });

  test('a share of the frames is lost, the rest arrives', async () => {
    await alpha.partition({ from: ['bravo'], direction: 'in', lossPercent: 50 });
    const { stdout } = await alpha.exec(['ping', '-q', '-i', '0.01', '-c', '200', '-W', '1', bravo.address]);
    const lost = Number(/([\d.]+)% packet loss/.exec(stdout)?.[1]);
    // 200 frames at one half: five standard deviations are 18 %.
    expect(lost).toBeGreaterThan(30);
    expect(lost).toBeLessThan(70);
    await alpha.heal();
    await expect(alpha.partition({ lossPercent: 100 })).rejects.toMatchObject({ code: 'BAD_LOSS' });
  });

  test('a disk of its own is filled and emptied from outside; a shared one is not', async () => {
    await bravo.fillDisk();
    expect((await bravo.exec(['dd', 'if=/dev/zero', 'of=/root/one', 'bs=1M', 'count=1'])).stderr).toContain(
      'No space left',
    );
    bravo.emptyDisk();
    await bravo.execOk(['rm', '-f', '/root/one']);
    await expect(alpha.fillDisk()).rejects.toMatchObject({ code: 'SHARED_DISK' });
    expect(() => alpha.failDisk()).toThrow(/shares the disk/);
  });

  test('a disk that failed takes no writes until the next boot has repaired it; nothing synced is lost', async () => {
    const failed = async (): Promise<string> => (await bravo.exec(['touch', '/root/three'])).stderr;
    await bravo.writeFile('/root/two', 'x');
    await bravo.execOk(['sync']);
    bravo.failDisk();
    expect(await failed()).toContain('Read-only file system');
    expect(await bravo.readFile('/root/two')).toBe('x');
    await bravo.reboot();
    expect(await failed()).toBe('');
    bravo.failDisk();
    await bravo.powerCut();
    await bravo.powerOn();
    expect(await failed()).toBe('');
    expect(await bravo.readFile('/root/two')).toBe('x');
  });

  test('up again leaves running servers alone and finds the bed from another handle', async () => {
    const bootId = await alpha.bootId();
    const again = openBed({ name });
    expect(again.stateDir).toBe(bed.stateDir);
    const [same] = await again.up(['alpha']);
    expect(await same?.bootId()).toBe(bootId);
    expect(again.servers().map((server) => server.name)).toEqual(['alpha', 'bravo']);
    await expect(openBed({ name, stateDir: join(directory, 'elsewhere') }).up(['alpha'])).rejects.toMatchObject({
      code: 'BED_ELSEWHERE',
    });
  });

  test('a second bed has its own network and does not disturb the first', async () => {
    const second = openBed({ name: `${name}b`, stateDir: join(directory, 'second') });
    try {
      const [other] = await second.up(['alpha']);
      expect(second.subnet).not.toBe(bed.subnet);
      expect(await other?.execOk(['hostname'])).toBe('alpha\n');
    } finally {
      await second.down();
    }
    expect(await second.leftovers()).toEqual([]);
    expect(await pings(alpha, bravo.address)).toBe(true);
  });

  test('a bed whose maker was killed half-way is finished by up, and removed by down', async () => {
    const crash = `${name}c`;
    const cli = [
      'scripts/run-ts.mjs',
      'test/testbed/main.ts',
      'up',
      'alpha',
      '--bed',
      crash,
      '--state-dir',
      join(directory, 'crash'),
    ];
    const maker = spawn(process.execPath, [...cli, '--disk', '128'], {
      cwd: join(import.meta.dirname, '..', '..'),
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => maker.on('close', (_, signal) => resolve(signal)));
    const half = openBed({ name: crash, stateDir: join(directory, 'crash') });
    try {
      // Its first server is known from then on, and it is far from up.
      await expect.poll(() => half.servers().length, { interval: 5, timeout: 20_000 }).toBe(1);
      maker.kill('SIGKILL');
      expect(await ended).toBe('SIGKILL');
      expect((await half.leftovers()).length).toBeGreaterThan(0);
      const [server] = await half.up(['alpha']);
      expect(await server?.execOk(['hostname'])).toBe('alpha\n');
    } finally {
      await openBed({ name: crash }).down();
    }
    expect(await half.leftovers()).toEqual([]);
  });

  test('what would differ from the bed that is up is refused', async () => {
    await expect(openBed({ name, subnet: '10.99.0.0/24' }).up(['alpha'])).rejects.toMatchObject({
      code: 'SUBNET_DIFFERS',
    });
    await expect(openBed({ name: `${name}d`, subnet: bed.subnet }).up(['alpha'])).rejects.toMatchObject({
      code: 'SUBNET_TAKEN',
    });
    await expect(bed.up([{ name: 'alpha', diskMiB: 128 }])).rejects.toMatchObject({ code: 'DISK_DIFFERS' });
    expect(findBeds()).not.toContain(`${name}d`);
  });

  test('down leaves nothing behind, even with a server frozen, cut off and busy, and twice is once', async () => {
    alpha.spawn(['sleep', '1000']);
    await alpha.partition();
    await alpha.freeze();
    expect((await bed.leftovers()).length).toBeGreaterThan(5);
    await bed.down();
    expect(await bed.leftovers()).toEqual([]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toContain(stateDir);
    expect(findBeds()).not.toContain(name);
    if (!othersWereUp) expect(readSettings()).toEqual(settings);
    await bed.down();
  });
});
