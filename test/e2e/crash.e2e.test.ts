import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Server } from '../testbed/index.js';
import {
  addServer,
  attach,
  install,
  journal,
  kubectl,
  until,
  waitReady,
  type Fleet,
  type JournalLine,
} from './support.js';

let fleet: Fleet;
let server: Server;

beforeAll(async () => {
  fleet = attach();
  server = await addServer(fleet, 'echo');
}, 300_000);

afterAll(async () => {
  await server.powerCut();
});

/** Steps that were applied to the end more than once since line `from` of the journal. */
function appliedTwice(lines: readonly JournalLine[]): string[] {
  const done = lines.filter((l) => l.kind === 'step' && l.state === 'done').map((l) => l.step ?? '');
  return done.filter((step, i) => done.indexOf(step) !== i);
}

async function ready(name: string): Promise<boolean> {
  const output = await kubectl(
    'get',
    'nodes',
    '--ignore-not-found',
    name,
    '-o',
    'jsonpath={.status.conditions[?(@.type=="Ready")].status}',
  );
  return output === 'True';
}

/** Takes the server back to where it was before it was enrolled. */
async function forget(name: string): Promise<void> {
  await fleet.controlPlane.flotilla(['delete', 'machine', name, '--yes']);
  await fleet.controlPlane.flotilla(['wait', `machine/${name}`, '--for', 'deleted', '--timeout', '5m']);
  await server.execOk(['sh', '/opt/flotilla/current/uninstall.sh'], { timeoutMs: 180_000 });
}

describe('a join that is cut again and again completes without a person', () => {
  test('kill -9 of the agent after every step', async () => {
    await install(fleet, server, ' --no-follow');
    // Once for each line of a kind: after a step has begun, and after it is done. A step that is cut begins again.
    const seen = new Set<string>();
    let kills = 0;
    await until(
      'echo is Ready in spite of the kills',
      600_000,
      async () => {
        const marks = (await journal(server))
          .filter((l) => l.kind === 'step')
          .map((l) => `${l.step ?? ''} ${l.state ?? ''}`);
        if (marks.some((mark) => !seen.has(mark))) {
          for (const mark of marks) seen.add(mark);
          kills++;
          await server.exec(['systemctl', 'kill', '--signal=KILL', 'flotilla-agent']);
          // systemd waits between restarts; a person at the keyboard would start it at once.
          await server.exec(['systemctl', 'restart', 'flotilla-agent']);
        }
        return (await ready('echo')) || undefined;
      },
      50,
    );
    await waitReady(fleet, 'echo');
    expect(kills).toBeGreaterThan(8);
    expect(appliedTwice(await journal(server))).toEqual([]);
    await forget('echo');
  });

  test('kill -9 of the control plane at any moment of a join', async () => {
    await install(fleet, server, ' --no-follow');
    let kills = 0;
    await until(
      'echo is Ready in spite of the kills',
      600_000,
      async () => {
        if (kills < 12) {
          await fleet.controlPlane.stop('SIGKILL');
          await fleet.controlPlane.start();
          kills++;
        }
        return (await ready('echo')) || undefined;
      },
      700,
    );
    await waitReady(fleet, 'echo');
    expect(kills).toBeGreaterThan(3);
    expect(appliedTwice(await journal(server))).toEqual([]);
    const tokens = JSON.parse(await fleet.controlPlane.flotilla(['get', 'tokens', '-o', 'json'])) as {
      items: { uses: number }[];
    };
    expect(tokens.items.filter((t) => t.uses > 1)).toEqual([]);
    await forget('echo');
  });

  test('a reboot of the server in the middle of the join', async () => {
    await install(fleet, server, ' --no-follow');
    await until(
      'containerd is being installed',
      120_000,
      async () => {
        const lines = await journal(server);
        return (
          lines.some((l) => l.kind === 'step' && l.state === 'started' && /image|kubernetes|join/.test(l.step ?? '')) ||
          undefined
        );
      },
      20,
    );
    await server.reboot();
    await waitReady(fleet, 'echo', '10m');
    expect(appliedTwice(await journal(server))).toEqual([]);
  });

  test('a power cut of a node that runs: it comes back as the same node', async () => {
    const uid = await kubectl('get', 'node', 'echo', '-o', 'jsonpath={.metadata.uid}');
    await server.powerCut();
    await server.powerOn();
    await fleet.controlPlane.flotilla(['wait', 'machine/echo', '--for', 'connected', '--timeout', '3m']);
    await waitReady(fleet, 'echo', '5m');
    expect(await kubectl('get', 'node', 'echo', '-o', 'jsonpath={.metadata.uid}')).toBe(uid);
    await forget('echo');
  });
});
