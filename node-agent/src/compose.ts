import type { KeyObject } from 'node:crypto';
import { runTasks, toFlotillaError, type Clock, type Instant, type Logger, type Random } from '@flotilla/kit';
import type { MachineFacts } from '@flotilla/proto';
import { coreTasks, joinedName, keepConnected, openCore, type AgentCore } from './agent-core.js';
import { agentVersion, loadConfig, type AgentConfig, type Places } from './config.js';
import type { Host } from './host/host.js';
import { keepReserve } from './host/reserve.js';
import type { ProxySettings } from './host/proxy.js';
import type { LinkView } from './link/dial.js';
import { enroll } from './link/enroll.js';
import { everyNth } from './link/every-nth.js';
import { keepEnrolling } from './link/keep-enrolling.js';
import { grpcTransport } from './link/grpc-transport.js';
import { IdentityStore, type MachineIdentity } from './link/identity.js';
import { contactPinned, expectClock } from './link/pinned-socket.js';
import { renewWhenDue } from './link/renew.js';
import { chooseNodeAddress, readHostFacts, readMachineFacts } from './observe/facts.js';
import { watchOwnNode, type OwnNode } from './observe/own-node.js';
import { StatusFile } from './observe/status-file.js';
import { statusOf } from './status-of.js';
import type { HostFacts } from './steps/step.js';
import type { Board } from './work/board.js';

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
  /** PEM; empty until enrolled. */
  ca: string;
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
    ca: (await identity.ca()) ?? '',
  };
  const facts = (): Promise<HostFacts> => currentFacts(host, config);
  const core = await openCore({
    ...ports,
    stateDir: places.stateDir,
    server: config.server,
    ca: () => shared.ca,
    facts,
  });
  const { board, journal, targets, worker } = core;
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
  const parts: Connected = { ports, config, identity, shared, core, status, machineFacts };
  await runTasks(
    [
      { name: 'status', run: (stop) => status.run(stop) },
      ...coreTasks(core),
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
  readonly core: AgentCore;
  readonly status: StatusFile;
  readonly machineFacts: () => Promise<MachineFacts>;
}

async function enrollAndConnect(parts: Connected, stop: AbortSignal): Promise<void> {
  const { ports, config, identity, shared, core, status, machineFacts } = parts;
  const { server, caPin } = config;
  const { tokenFile } = ports.places;
  const enrollOnce = (): Promise<MachineIdentity> =>
    enroll({ ...ports, server, caPin, identity, tokenFile, facts: machineFacts });
  shared.machine = await keepEnrolling({ ...ports, board: core.board, identity, tokenFile, enroll: enrollOnce }, stop);
  if (shared.machine === undefined) return;
  shared.ca = (await identity.ca()) ?? '';
  status.touch();
  await connected(parts, stop);
}

/** A session over gRPC, with certificates that are renewed in time. */
async function connected(
  { ports, config, identity, shared, core, status, machineFacts }: Connected,
  signal: AbortSignal,
): Promise<void> {
  const { clock, random, log } = ports;
  const identityKey: KeyObject = await identity.identityKey();
  const { stateDir } = ports.places;
  await keepReserve(ports.host, stateDir);
  const renewal = { clock, random, log, identity, identityKey };
  const lastGood = { host: ports.host, stateDir, proxied: ports.proxy.url !== undefined };
  const sweep = everyNth(beatsPerSweep, ports.giveBackMemory);
  await keepConnected(
    core,
    {
      transport: grpcTransport(config.server, { ...renewal, ...lastGood }),
      identityKey,
      diagnose: () => diagnose(ports, config),
      inventory: async () => ports.inventory(await machineFacts()),
      onLink: (view) => {
        shared.link = view;
        status.touch();
      },
      onAck: (at) => {
        shared.lastAck = at;
        sweep();
      },
      onOpen: (stream, stop) => renewWhenDue(renewal, stream, stop),
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
