/**
 * The agent for tests of others: the real worker, journal, runner and session over a machine in memory. Nothing here
 * opens a socket, a file or a process; time, chance and the network come from the caller.
 */
export { FakeMachine, type FakeAgent, type FakeAgentPorts, type FakeMachineOptions } from './fake-machine.js';
export { FakePlane } from './fake-plane.js';
export { FakeProcess } from './fake-process.js';
export { FakeCrash, FakeHost, failed, ok, type FakeProgram } from './host/fake-host.js';
export {
  fakeContainerd,
  fakeKubeadm,
  fakeOthers,
  fakeSystemd,
  type FakeKubeadm,
  type FakeSystemd,
  type FakeUnit,
} from './host/fake-programs.js';
export { FakeStream, FakeTransport } from './link/fake-stream.js';
export type { SessionStream, Transport } from './link/transport.js';
export type { Host, HttpAnswer, HttpRequest, RunResult } from './host/host.js';
export { keepConnected, openCore, type AgentCore, type CorePorts, type LinkPorts } from './agent-core.js';
export { aManifest as fakeManifest, someFacts, stateDir } from './work/fake-world.js';
export { fakeClusterCa } from './host/fake-cluster-ca.js';
