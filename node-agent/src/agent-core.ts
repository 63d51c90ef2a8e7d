import type { KeyObject } from 'node:crypto';
import type { Clock, Instant, Logger, Random, Task } from '@flotilla/kit';
import type { MachineFacts, Welcome } from '@flotilla/proto';
import { agentVersion } from './config.js';
import type { Host } from './host/host.js';
import { keepDialling, type LinkView } from './link/dial.js';
import { EpochFile } from './link/epoch-file.js';
import type { SessionPorts } from './link/session.js';
import type { Transport } from './link/transport.js';
import { readBootId } from './observe/observed.js';
import { noteStart } from './probes/agent-crash-loop.js';
import type { HostProbe } from './probes/probe.js';
import { Prober } from './probes/prober.js';
import { allProbes } from './probes/registry.js';
import { VitalsReader } from './probes/vitals.js';
import { Artifacts } from './steps/install/artifacts.js';
import type { HostFacts } from './steps/step.js';
import { Board } from './work/board.js';
import { ServerClock } from './link/server-clock.js';
import { Journal } from './work/journal.js';
import { steps } from './work/registry.js';
import { TargetFile } from './work/target-file.js';
import { Worker } from './work/worker.js';

/** What the deciding and acting part of the agent needs: no socket, no enrolment, no process of its own. */
export interface CorePorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly stateDir: string;
  /** https://host:port, where artifacts come from. */
  readonly server: string;
  /** PEM of the CAs that server is verified with. */
  readonly ca: () => string;
  readonly facts: () => Promise<HostFacts>;
  /** Instead of all there are. */
  readonly probes?: readonly HostProbe[];
}

/** The journal, the target, and the work between them, as they are on this host's disk. */
export interface AgentCore {
  readonly ports: CorePorts;
  readonly journal: Journal;
  readonly targets: TargetFile;
  readonly board: Board;
  readonly artifacts: Artifacts;
  readonly bootId: string;
  readonly worker: Worker;
  readonly prober: Prober;
  readonly serverClock: ServerClock;
}

/** Reads what an earlier process left. Throws `JOURNAL_DAMAGED` or `TARGET_DAMAGED`. */
export async function openCore(ports: CorePorts): Promise<AgentCore> {
  const { host, clock, random, log, stateDir, server, ca, facts } = ports;
  if (!(await host.exists(stateDir))) await host.makeDir(stateDir, 0o700);
  const journal = await Journal.open(host, `${stateDir}/journal.jsonl`, clock);
  const targets = await TargetFile.open(host, `${stateDir}/target.json`, clock);
  const board = new Board(clock);
  const artifacts = new Artifacts(host, { server, ca, stateDir });
  const bootId = await readBootId(host);
  const serverClock = new ServerClock(clock);
  await noteStart(ports, stateDir, bootId);
  const worker = new Worker({
    host,
    clock,
    random,
    log,
    journal,
    targets,
    board,
    artifacts,
    steps,
    stateDir,
    bootId,
    facts,
    clockSkewMs: () => serverClock.skewMs,
    onActed: () => prober.refresh(),
  });
  const prober = new Prober({
    clock,
    log,
    probes: ports.probes ?? allProbes(),
    // The report says whether the kubelet runs.
    onChange: (type) => type === 'KubeletHealthy' && board.announce(),
    context: () => ({
      host,
      clock,
      stateDir,
      bootId,
      nodeName: joinedName(journal),
      controlPlane: journal.membership()?.role === 'control-plane',
      isolated: worker.isolated,
      clockSkewMs: serverClock.skewMs,
    }),
  });
  return { ports, journal, targets, board, artifacts, bootId, worker, prober, serverClock };
}

/** What runs whether or not there is a control plane to hear. */
export function coreTasks({ worker, prober }: AgentCore): readonly Task[] {
  return [
    { name: 'work', run: (signal) => worker.run(signal) },
    { name: 'probes', run: (signal) => prober.run(signal) },
  ];
}

/** Name of the node this host is, once it has joined. */
export function joinedName(journal: Journal): string | undefined {
  const membership = journal.membership();
  return membership?.state === 'joined' ? membership.nodeName : undefined;
}

/** What connects the core to a control plane. */
export interface LinkPorts {
  readonly transport: Transport;
  readonly identityKey: KeyObject;
  readonly inventory: () => Promise<MachineFacts>;
  readonly onLink?: (view: LinkView) => void;
  readonly onWelcome?: (welcome: Welcome, at: Instant) => void;
  readonly onAck?: (at: Instant) => void;
  readonly onOpen?: SessionPorts['onOpen'];
  readonly diagnose?: () => Promise<string | undefined>;
}

const nothing = (): void => undefined;

/** Keeps a session until the signal; everything that is heard goes to the work, everything it does is reported. */
export async function keepConnected(core: AgentCore, link: LinkPorts, signal: AbortSignal): Promise<void> {
  const { host, clock, random, log, stateDir } = core.ports;
  const epochs = await EpochFile.open(host, `${stateDir}/epoch`);
  const vitals = new VitalsReader(host);
  const onLink = link.onLink ?? nothing;
  const session: SessionPorts = {
    clock,
    random,
    log,
    work: core.worker,
    identityKey: link.identityKey,
    agentVersion,
    processId: Buffer.from(random.bytes(12)).toString('hex'),
    bootId: core.bootId,
    highestEpoch: () => epochs.highest,
    raiseEpoch: (epoch) => epochs.raise(epoch),
    vitals: () => vitals.read(),
    probes: () => core.prober.current(),
    inventory: link.inventory,
    onWelcome: (welcome, at) => {
      if (welcome.serverTime !== undefined) core.serverClock.heard(welcome.serverTime.getTime(), at);
      link.onWelcome?.(welcome, at);
      onLink({ state: 'connected', reason: '', refusal: undefined, retryMs: undefined });
    },
    onAck: link.onAck ?? nothing,
    ...(link.onOpen === undefined ? {} : { onOpen: link.onOpen }),
  };
  const { transport, diagnose } = link;
  await keepDialling(
    { clock, random, log, transport, session, onLink, ...(diagnose === undefined ? {} : { diagnose }) },
    signal,
  );
}
