import type { KeyObject } from 'node:crypto';
import { runTasks, toFlotillaError, type Clock, type Instant, type Logger, type Random } from '@flotilla/kit';
import type { MachineFacts } from '@flotilla/proto';
import { agentVersion, loadConfig, type AgentConfig, type Places } from './config.js';
import type { Host } from './host/host.js';
import type { ProxySettings } from './host/proxy.js';
import { keepDialling, type LinkView } from './link/dial.js';
import { enroll } from './link/enroll.js';
import { EpochFile } from './link/epoch-file.js';
import { everyNth } from './link/every-nth.js';
import { keepEnrolling } from './link/keep-enrolling.js';
import { grpcTransport } from './link/grpc-transport.js';
import { IdentityStore, type MachineIdentity } from './link/identity.js';
import { contactPinned, expectClock } from './link/pinned-socket.js';
import { renewWhenDue } from './link/renew.js';
import { chooseNodeAddress, readHostFacts, readMachineFacts } from './observe/facts.js';
import { readBootId } from './observe/observed.js';
import { watchOwnNode, type OwnNode } from './observe/own-node.js';
import { StatusFile } from './observe/status-file.js';
import { statusOf } from './status-of.js';
import { readProbes } from './probes/probes.js';
import { VitalsReader } from './probes/vitals.js';
import { Artifacts } from './steps/install/artifacts.js';
import type { HostFacts } from './steps/step.js';
import { Board } from './work/board.js';
import { Journal } from './work/journal.js';
import { steps } from './work/registry.js';
import { TargetFile } from './work/target-file.js';
import { Worker } from './work/worker.js';

export interface AgentPorts {
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly proxy: ProxySettings;
  readonly places: Places;
  readonly pid: number;
  /** Adds what takes longer to find out: the hypervisor, the cloud. */
  readonly inventory: (facts: MachineFacts) => Promise<MachineFacts>;
  /** Calls back when a person asks to try again what was parked. */
  readonly onRetry: (retry: () => void) => void;
  /** Returns to the system what is no longer used; takes some milliseconds. */
  readonly giveBackMemory: () => void;
}

/** Five minutes: V8 by itself lets garbage of hours stand before it looks. */
const beatsPerSweep = 30;

/** Facts of the host, with the address it reaches the control plane from. */
export async function currentFacts(host: Host, config: AgentConfig): Promise<HostFacts> {
  const url = new URL(config.server);
  const towards = await host.addressTowards(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port || '443'));
  return readHostFacts(host, chooseNodeAddress(towards));
}

/** What the tasks share; plain mutable facts, owned here and nowhere else. */
interface Shared {
  machine: MachineIdentity | undefined;
  link: LinkView;
  lastAck: Instant | undefined;
  clockSkewMs: number | undefined;
  /** PEM; empty until enrolled. */
  ca: string;
}

/** The parts that are needed whether or not the machine is enrolled. */
export async function openWork(
  ports: AgentPorts,
  config: AgentConfig,
  ca: () => string,
  clockSkewMs: () => number | undefined,
) {
  const { host, clock, random, log, places } = ports;
  const stateDir = places.stateDir;
  await host.makeDir(stateDir, 0o700);
  const journal = await Journal.open(host, `${stateDir}/journal.jsonl`, clock);
  const targets = await TargetFile.open(host, `${stateDir}/target.json`, clock);
  const board = new Board(clock);
  const artifacts = new Artifacts(host, { server: config.server, ca, stateDir });
  const bootId = await readBootId(host);
  const facts = (): Promise<HostFacts> => currentFacts(host, config);
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
    clockSkewMs,
  });
  return { journal, targets, board, artifacts, bootId, facts, worker };
}

/** The daemon: enrolls if it has to, then works and reports until the signal. */
export async function runAgent(ports: AgentPorts, signal: AbortSignal): Promise<void> {
  const { host, clock, log, places } = ports;
  const config = await loadConfig(host, places);
  const identity = new IdentityStore(host, places.stateDir);
  const shared: Shared = {
    machine: undefined,
    link: { state: 'connecting', reason: '', refusal: undefined, retryMs: undefined },
    lastAck: undefined,
    clockSkewMs: undefined,
    ca: (await identity.ca()) ?? '',
  };
  const work = await openWork(
    ports,
    config,
    () => shared.ca,
    () => shared.clockSkewMs,
  );
  const { board, journal, targets, worker, facts } = work;
  const startedMs = clock.now().wallMs;
  const status = new StatusFile(host, `${places.stateDir}/status.json`, clock, () =>
    statusOf({
      ...shared,
      pid: ports.pid,
      startedMs,
      nowMs: clock.now().wallMs,
      server: config.server,
      board,
      target: targets.held,
      worker,
    }),
  );
  board.onChange(() => status.touch());
  ports.onRetry(() => worker.retry());
  log.info({ version: agentVersion, server: config.server }, 'flotilla-agent starts');

  const machineFacts = async (): Promise<MachineFacts> => readMachineFacts(host, await facts(), agentVersion);
  const parts: Connected = { ports, config, identity, shared, work, status, machineFacts };
  await runTasks(
    [
      { name: 'status', run: (stop) => status.run(stop) },
      { name: 'work', run: (stop) => worker.run(stop) },
      {
        name: 'own-node',
        run: (stop) =>
          watchOwnNode(
            { host, clock, nodeName: () => joinedName(journal), show: (node) => showNode(board, node) },
            stop,
          ),
      },
      { name: 'link', run: (stop) => enrollAndConnect(parts, stop) },
    ],
    signal,
  );
}

interface Connected {
  readonly ports: AgentPorts;
  readonly config: AgentConfig;
  readonly identity: IdentityStore;
  readonly shared: Shared;
  readonly work: Awaited<ReturnType<typeof openWork>>;
  readonly status: StatusFile;
  readonly machineFacts: () => Promise<MachineFacts>;
}

async function enrollAndConnect(parts: Connected, stop: AbortSignal): Promise<void> {
  const { ports, config, identity, shared, work, status, machineFacts } = parts;
  const { server, caPin } = config;
  const { tokenFile } = ports.places;
  const enrollOnce = (): Promise<MachineIdentity> =>
    enroll({ ...ports, server, caPin, identity, tokenFile, facts: machineFacts });
  shared.machine = await keepEnrolling({ ...ports, board: work.board, identity, tokenFile, enroll: enrollOnce }, stop);
  if (shared.machine === undefined) return;
  shared.ca = (await identity.ca()) ?? '';
  status.touch();
  await connected(parts, stop);
}

/** Everything a session needs, wired. */
async function connected(
  { ports, config, identity, shared, work, status, machineFacts }: Connected,
  signal: AbortSignal,
): Promise<void> {
  const { host, clock, random, log } = ports;
  const epochs = await EpochFile.open(host, `${ports.places.stateDir}/epoch`);
  const identityKey: KeyObject = await identity.identityKey();
  const vitals = new VitalsReader(host);
  const sweep = everyNth(beatsPerSweep, ports.giveBackMemory);
  await keepDialling(
    {
      clock,
      random,
      log,
      transport: grpcTransport(config.server, { clock, random, log, identity, identityKey }),
      diagnose: () => diagnose(ports, config),
      onLink: (view) => {
        shared.link = view;
        status.touch();
      },
      session: {
        clock,
        random,
        log,
        work: work.worker,
        identityKey,
        agentVersion,
        processId: Buffer.from(random.bytes(12)).toString('hex'),
        bootId: work.bootId,
        highestEpoch: () => epochs.highest,
        raiseEpoch: (epoch) => epochs.raise(epoch),
        vitals: () => vitals.read(),
        probes: () =>
          readProbes({
            host,
            joined: joinedName(work.journal) !== undefined,
            clockSkewMs: shared.clockSkewMs,
            extra: [],
          }),
        inventory: async () => ports.inventory(await machineFacts()),
        onWelcome: (welcome, at) => {
          if (welcome.serverTime !== undefined) shared.clockSkewMs = at.wallMs - welcome.serverTime.getTime();
          shared.link = { state: 'connected', reason: '', refusal: undefined, retryMs: undefined };
          status.touch();
        },
        onAck: (at) => {
          shared.lastAck = at;
          sweep();
        },
        onOpen: (stream, stop) => renewWhenDue({ clock, random, log, identity, identityKey }, stream, stop),
      },
    },
    signal,
  );
}

/** A wrong clock makes good certificates look bad: it is found out by the pin, which knows no time. */
async function diagnose({ clock, proxy }: AgentPorts, { server, caPin }: AgentConfig): Promise<string | undefined> {
  try {
    const contact = await contactPinned(server, caPin, proxy);
    expectClock(clock.now().wallMs, contact.serverTimeMs);
    return undefined;
  } catch (error) {
    const { code, message } = toFlotillaError(error);
    return ['CLOCK_SKEW', 'CA_PIN_MISMATCH', 'SERVER_CERTIFICATE_WRONG'].includes(code)
      ? `${code}: ${message}`
      : undefined;
  }
}

function joinedName(journal: Journal): string | undefined {
  const membership = journal.membership();
  return membership?.state === 'joined' ? membership.nodeName : undefined;
}

/** The last three phases, which the control plane sees in Kubernetes and the terminal here. */
function showNode(board: Board, node: OwnNode): void {
  const show = (phase: 'register' | 'network-ready' | 'ready', done: boolean, before: boolean): void => {
    if (done) board.done(phase);
    else if (before && board.view(phase)?.state !== 'running') board.start(phase, phase);
  };
  show('register', node.registered, true);
  show('network-ready', node.registered && node.networkReady, node.registered);
  show('ready', node.ready, node.networkReady);
  if (!node.ready && node.networkReady) board.progress('ready', node.message.slice(0, 80));
}
