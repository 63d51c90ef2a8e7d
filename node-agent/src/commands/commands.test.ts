import { SimClock, seededRandom } from '@flotilla/kit';
import { describe, expect, it } from 'vitest';
import { noProxy } from '../host/proxy.js';
import type { AgentStatus, PhaseStatus } from '../observe/status-file.js';
import { aCleanHost, FakeWorld, aTarget, someSecrets, stateDir } from '../work/fake-world.js';
import type { FakeHost } from '../host/fake-host.js';
import { dispatch } from './dispatch.js';
import type { CommandPorts } from './command.js';
import { newlyEnded, verdictOf } from './follow.js';
import { commands } from './registry.js';
import { phaseLine, statusScreen } from './render.js';

const plain = { colour: false, columns: 100 };

function phase(part: Partial<PhaseStatus>): PhaseStatus {
  return {
    phase: 'preflight',
    step: 'preflight',
    state: 'done',
    index: 3,
    total: 11,
    startMs: 0,
    endMs: 1_234,
    attempt: 1,
    progress: '',
    problems: [],
    ...part,
  };
}

const swap = { code: 'SWAP_ON', message: 'swap is on: /dev/sda5 (2.0 GiB).', remedy: 'Run: sudo swapoff -a' };

function aStatus(part: Partial<AgentStatus> = {}): AgentStatus {
  return {
    schema: 1,
    version: '0.1.0',
    pid: 42,
    writtenMs: 0,
    startedMs: 0,
    server: 'https://fleet.example.org:7440',
    host: 'edge-7',
    machine: { id: 'mch_8w2k', name: 'edge-7', project: 'default' },
    role: 'worker',
    cluster: 'demo',
    pool: 'workers',
    wantedPool: 'workers',
    kubernetesVersion: 'v1.34.4',
    link: { state: 'connected', reason: '', lastAckMs: 0 },
    converged: false,
    phases: [],
    ...part,
  };
}

function setUp(host: FakeHost = aCleanHost(), answer?: string) {
  const clock = new SimClock();
  const out: string[] = [];
  const err: string[] = [];
  const stop = new AbortController();
  const ports: CommandPorts = {
    host,
    clock,
    random: seededRandom(1),
    proxy: noProxy,
    places: { configFile: '/etc/flotilla/agent.json', tokenFile: '/etc/flotilla/token', stateDir },
    pid: 1,
    signal: stop.signal,
    onRetry: () => undefined,
    giveBackMemory: () => undefined,
    print: (text) => void out.push(text),
    tell: (text) => void err.push(text),
    ask: () => Promise.resolve(answer),
    terminal: { live: false, ...plain },
  };
  const run = (...args: string[]) => dispatch(args, commands, ports);
  const put = (status: AgentStatus, alive = true): void => {
    host.put(`${stateDir}/status.json`, JSON.stringify({ ...status, writtenMs: clock.now().wallMs }));
    if (alive) host.put('/proc/42/cmdline', 'node\0agent.cjs\0run\0');
  };
  return { clock, run, put, out: () => out.join(''), err: () => err.join(''), stop };
}

describe('the command line', () => {
  it('help names every command and every flag there is, and hides what is not for people', async () => {
    const { run, out } = setUp();
    expect(await run('--help')).toBe(0);
    for (const { name, hidden } of commands) expect(out().includes(`\n  ${name} `), name).toBe(hidden !== true);
    for (const { name, flags } of commands) {
      const help = setUp();
      expect(await help.run(name, '--help')).toBe(0);
      for (const flag of flags) expect(help.out()).toContain(`--${flag.name}`);
    }
  });

  it.each([
    [['statsu'], 'Did you mean status?'],
    [['status', '--folow'], 'Did you mean --follow?'],
    [['status', '--timeout'], 'needs a value'],
    [['status', '--follow=yes'], 'takes no value'],
    [['status', 'now'], 'takes no "now"'],
    [['status', '-o', 'yaml'], 'takes json'],
    [['status', '--follow', '--timeout', 'soon'], 'no duration'],
    [['doctor', '-o', 'xml'], 'takes json'],
    [[], 'Commands:'],
  ])('%j is wrong usage: exit 2 and a hint', async (args, hint) => {
    const { run, err, out } = setUp();
    expect(await run(...args)).toBe(2);
    expect(err()).toContain(hint);
    expect(out()).toBe('');
  });
});

describe('status', () => {
  it('is one screen with the phases, the problems and their cures', async () => {
    const { run, put, out } = setUp();
    put(
      aStatus({
        phases: [
          phase({ phase: 'enroll', index: 1, progress: 'machine mch_8w2k "edge-7"' }),
          phase({ state: 'failed', progress: '2 of 14 checks', problems: [swap] }),
        ],
      }),
    );
    expect(await run('status')).toBe(1);
    expect(out()).toContain('1/11 enroll              done       1.2s   machine mch_8w2k "edge-7"');
    expect(out()).toContain('3/11 preflight           failed     1.2s   2 of 14 checks');
    expect(out()).toMatch(/SWAP_ON {10}swap is on.*\n {19}Run: sudo swapoff -a/);
    expect(
      Math.max(
        ...out()
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
  });

  it('as JSON gives the same facts and says whether the agent runs', async () => {
    const { run, put, out } = setUp();
    put(aStatus());
    expect(await run('status', '-o', 'json')).toBe(0);
    expect(JSON.parse(out())).toMatchObject({ running: true, machine: { id: 'mch_8w2k' } });
  });

  it('of an agent that does not run is a failure that says so, with its last words', async () => {
    const { run, put, err } = setUp();
    put(aStatus({ fatal: { code: 'JOURNAL_DAMAGED', message: 'line 3', remedy: 'Restore it.' } }));
    expect(await run('status')).toBe(1);
    expect(err()).toContain('JOURNAL_DAMAGED: line 3');
    expect(await setUp().run('status')).toBe(1);
  });

  it('an agent that never wrote a machine yet is shown too', () => {
    const { machine: _machine, ...rest } = aStatus();
    expect(statusScreen(rest, 0, plain)).toContain('not enrolled');
  });
});

describe('following', () => {
  it.each([
    ['joined', aStatus({ phases: [phase({ phase: 'ready', index: 11 })] }), 'joined'],
    [
      'a spare',
      aStatus({
        wantedPool: '',
        phases: [phase({ phase: 'assign', state: 'waiting', problems: [{ code: 'SPARE', message: '', remedy: '' }] })],
      }),
      'spare',
    ],
    [
      'enrolled for a pool, not claimed yet',
      aStatus({
        phases: [phase({ phase: 'assign', state: 'waiting', problems: [{ code: 'SPARE', message: '', remedy: '' }] })],
      }),
      'going-on',
    ],
    ['a failed preflight', aStatus({ phases: [phase({ state: 'failed', problems: [swap] })] }), 'failed'],
    ['a join that is tried again', aStatus({ phases: [phase({ phase: 'join', state: 'failed' })] }), 'going-on'],
    ['a join that is parked', aStatus({ phases: [phase({ phase: 'join', state: 'parked' })] }), 'failed'],
    [
      'a server that is away',
      aStatus({
        phases: [
          phase({
            phase: 'enroll',
            state: 'failed',
            problems: [{ code: 'SERVER_UNREACHABLE', message: '', remedy: '' }],
          }),
        ],
      }),
      'going-on',
    ],
    [
      'a token that is refused',
      aStatus({
        phases: [
          phase({ phase: 'enroll', state: 'failed', problems: [{ code: 'TOKEN_REFUSED', message: '', remedy: '' }] }),
        ],
      }),
      'failed',
    ],
  ])('%s', (_name, status, kind) => {
    expect(verdictOf(status).kind).toBe(kind);
  });

  it('a pipe gets each phase once, when it ends', () => {
    const enroll = phase({ phase: 'enroll' });
    const running = phase({ state: 'running', endMs: 0 });
    expect(newlyEnded([], [enroll, running])).toEqual([enroll]);
    expect(newlyEnded([enroll, running], [enroll, phase({})])).toEqual([phase({})]);
    expect(newlyEnded([enroll, phase({})], [enroll, phase({})])).toEqual([]);
  });

  it('ends with 0 when joined, printing the phases as they pass', async () => {
    const { run, put, clock, out } = setUp();
    put(aStatus({ phases: [phase({ phase: 'enroll', index: 1 })] }));
    const code = run('status', '--follow');
    await clock.advance(1_000);
    put(aStatus({ phases: [phase({ phase: 'enroll', index: 1 }), phase({ phase: 'ready', index: 11 })] }));
    await clock.advance(1_000);
    expect(await code).toBe(0);
    expect(out()).toMatch(/1\/11 enroll.*\n.*11\/11 ready.*\n\nThis machine is a worker of cluster demo/);
  });

  it('ends with 1 and the cure when preflight fails, and says that nothing was changed', async () => {
    const { run, put, clock, err } = setUp();
    put(aStatus({ phases: [phase({ state: 'failed', problems: [swap] })] }));
    const code = run('status', '--follow');
    await clock.advance(1_000);
    expect(await code).toBe(1);
    expect(err()).toContain('Run: sudo swapoff -a');
    expect(err()).toContain('Nothing on this machine was changed except');
  });

  it('ends with 4 when the time is over, naming where it stands', async () => {
    const { run, put, clock, err } = setUp();
    put(aStatus({ phases: [phase({ phase: 'load-images', index: 7, state: 'running', progress: '412 of 640 MB' })] }));
    const code = run('status', '--follow', '--timeout', '5s');
    await clock.advance(6_000);
    expect(await code).toBe(4);
    expect(err()).toContain('412 of 640 MB');
  });

  it('says why a phase fails, once for each distinct failure, and again when the time is over', async () => {
    const { run, put, clock, out, err } = setUp();
    const problem = {
      code: 'KUBEADM_FAILED',
      message: 'kubeadm join ended with 1 (pid 71)',
      remedy: 'Look at kubelet.',
    };
    const tried = (attempt: number, message = problem.message) =>
      put(
        aStatus({
          phases: [
            phase({
              phase: 'join',
              index: 8,
              state: 'failed',
              attempt,
              endMs: attempt,
              problems: [{ ...problem, message }],
            }),
          ],
        }),
      );
    tried(1);
    const code = run('status', '--follow', '--timeout', '9s');
    await clock.advance(1_000);
    tried(2, 'kubeadm join ended with 1 (pid 99)');
    await clock.advance(1_000);
    expect(out().match(/KUBEADM_FAILED/g)).toHaveLength(1);
    expect(out().match(/8\/11 join/g)).toHaveLength(1);
    expect(out()).toContain('Look at kubelet.');
    tried(3, 'the API server refused the token');
    await clock.advance(1_000);
    expect(out().match(/KUBEADM_FAILED/g)).toHaveLength(2);
    put(aStatus({ phases: [phase({ phase: 'join', index: 8, state: 'running', attempt: 4 })] }));
    await clock.advance(7_000);
    expect(await code).toBe(4);
    expect(err()).toContain('the API server refused the token');
    expect(err()).toContain('Look at kubelet.');
  });

  it('a token that is refused ends it at once: why, the cure, exit 1', async () => {
    const { run, put, clock, out, err } = setUp();
    const refused = { code: 'TOKEN_REFUSED', message: 'expired or revoked', remedy: 'Create a new token.' };
    put(aStatus({ phases: [phase({ phase: 'enroll', index: 1, state: 'parked', problems: [refused] })] }));
    const code = run('status', '--follow', '--timeout', '15m');
    await clock.advance(1_000);
    expect(await code).toBe(1);
    expect(err()).toMatch(/TOKEN_REFUSED.*expired or revoked\n.*Create a new token\./);
    expect(err()).toContain('not tried again until there is a new token');
    expect(`${out()}${err()}`.split('\n').length).toBeLessThan(12);
  });

  it('does not wait for ever for an agent that is not there, and an interrupt is no failure', async () => {
    const absent = setUp();
    const code = absent.run('status', '--follow');
    await absent.clock.advance(62_000);
    expect(await code).toBe(1);
    const interrupted = setUp();
    interrupted.put(aStatus());
    const other = interrupted.run('status', '--follow');
    await interrupted.clock.advance(1_000);
    interrupted.stop.abort(new Error('SIGINT'));
    expect(await other).toBe(0);
  });

  it('a narrow terminal cuts the text, not the number', () => {
    const line = phaseLine(phase({ progress: 'x'.repeat(200) }), plain);
    expect(line.length).toBeLessThanOrEqual(100);
    expect(line).toMatch(/x…$/);
    expect(phaseLine(phase({ progress: 'short' }), plain)).toMatch(/short$/);
  });
});

async function aJoinedHost(): Promise<FakeHost> {
  const world = await FakeWorld.create();
  world.start();
  await world.worker.accept(aTarget(), someSecrets);
  expect(await world.converge()).toBe(true);
  await world.stop();
  world.host.put('/etc/systemd/system/flotilla-agent.service', '');
  world.systemd.units.set('flotilla-agent.service', { enabled: true, active: true });
  return world.host;
}

describe('leave', () => {
  it('stops the agent, undoes everything, proves it, and does not come back by itself', async () => {
    const host = await aJoinedHost();
    const { run, out } = setUp(host);
    expect(await run('leave', '--yes')).toBe(0);
    expect(out()).toContain('Proven clean');
    const lines = host.ran.map((argv) => argv.join(' '));
    expect(lines.indexOf('systemctl stop flotilla-agent.service')).toBeLessThan(
      lines.indexOf('systemctl stop containerd.service'),
    );
    expect(lines).toContain('systemctl disable flotilla-agent.service');
    expect(host.entries.has('/etc/kubernetes')).toBe(false);
    expect(host.entries.has(`${stateDir}/target.json`)).toBe(false);
    // Once more: nothing to do, and still proven.
    expect(await setUp(host).run('leave', '--yes', '-o', 'json')).toBe(0);
  });

  it('asks first; anything but yes changes nothing', async () => {
    const host = await aJoinedHost();
    const before = host.picture();
    const { run, err } = setUp(host, 'y');
    expect(await run('leave')).toBe(1);
    expect(err()).toContain('This machine is edge-7, a worker of cluster clu_1');
    expect(await setUp(host).run('leave')).toBe(2);
    expect(host.picture()).toEqual(before);
  });

  it('says what is left when it cannot be proven, and exits 1', async () => {
    const host = await aJoinedHost();
    host.dir('/sys/class/net/cni0');
    const { run, out, clock } = setUp(host);
    const code = run('leave', '--yes');
    await clock.advance(30_000);
    expect(await code).toBe(1);
    expect(out()).toContain('leave-network');
  });
});

describe('doctor', () => {
  it('tells every check and exits 1 when one fails; the control plane being away is one', async () => {
    const host = aCleanHost();
    host.put(
      '/etc/flotilla/agent.json',
      JSON.stringify({ server: 'https://127.0.0.1:1', caPin: `sha256:${'0'.repeat(64)}` }),
    );
    host.put('/proc/swaps', 'header\n/dev/sda5 partition 2097148 0 -2\n');
    const world = await FakeWorld.create();
    host.programs.push(...world.host.programs);
    const { run, out } = setUp(host);
    expect(await run('doctor')).toBe(1);
    expect(out()).toMatch(/failed {3}control-plane +SERVER_UNREACHABLE/);
    expect(out()).toMatch(/failed {3}swap +SWAP_ON: swap is on/);
    expect(out()).toMatch(/ok {7}root/);
  });
});
