import { generateKeyPairSync } from 'node:crypto';
import {
  ConditionStatus,
  FinishEnrollmentRequest,
  Heartbeat,
  MachineRole,
  MachineTarget,
  ObservedState,
  SessionRequest,
  StepState,
} from '@flotilla/proto';
import { parseManifest } from '../../artifacts/src/manifest.js';
import { parseApiKey } from '../../control-plane/src/access/api-key.js';
import { Malformed, tolerant } from '../../control-plane/src/api/malformed.js';
import { rpcPolicy } from '../../control-plane/src/api/policy.js';
import { parseP256Spki, publicKeyOfCsr } from '../../control-plane/src/enroll/x509.js';
import { parseToken } from '../../control-plane/src/enroll/token-format.js';
import { checkHeartbeat, checkHello, checkObserved } from '../../control-plane/src/session/check.js';
import { readManifests } from '../../cli/src/manifest/read.js';
import { parseCertificateRequest } from '../../core/src/domain/csr-der.js';
import { certificateRequest, spkiOf } from '../../node-agent/src/host/x509.js';
import { parseJournal } from '../../node-agent/src/work/journal-line.js';
import { parseTarget } from '../../node-agent/src/work/target-file.js';
import { requestCorpus, requestTypes } from './requests.js';

/** One parser of what others say. */
export interface FuzzTarget {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  /** Reads the bytes. Refusing them with a FlotillaError is right; anything else that is thrown is a finding. */
  run(bytes: Uint8Array): void | Promise<void>;
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const bytesOf = (...texts: string[]): Uint8Array[] => texts.map((t) => Uint8Array.from(Buffer.from(t)));

const observed = ObservedState.create({
  acknowledgedEpoch: 7n,
  acknowledgedGeneration: 3n,
  bootId: '1f0c',
  converged: true,
  steps: [
    {
      phase: 'join',
      step: 'kubeadm-join',
      state: StepState.DONE,
      index: 8,
      total: 11,
      startTime: new Date(1_700_000_000_000),
    },
  ],
  nonces: [{ act: 'reboot', nonce: 'rep_1/5-1', state: 2 }],
});
const beat = Heartbeat.create({
  sequence: 9n,
  load1m: 0.5,
  probes: [{ type: 'KubeletHealthy', status: ConditionStatus.TRUE, reason: 'Healthy', message: 'answers' }],
});
const session = [
  SessionRequest.create({
    message: {
      $case: 'hello',
      value: { protocolMin: 1, protocolMax: 1, agentVersion: '0.1.0', bootId: 'b', processId: 'p', observed },
    },
  }),
  SessionRequest.create({ message: { $case: 'heartbeat', value: beat } }),
  SessionRequest.create({ message: { $case: 'report', value: observed } }),
].map((message) => SessionRequest.encode(message).finish());

function checkSession(bytes: Uint8Array): void {
  const { bytesMax } = rpcPolicy.AgentService.session;
  const decoded = tolerant((b) => SessionRequest.decode(b), bytesMax)(Buffer.from(bytes));
  if (decoded instanceof Malformed) return;
  const { message } = decoded as SessionRequest; // what the deserializer gives otherwise
  if (message?.$case === 'heartbeat') checkHeartbeat(message.value);
  if (message?.$case === 'hello') checkHello(message.value);
  if (message?.$case === 'report') {
    checkObserved(message.value);
    ObservedState.toJSON(message.value);
  }
}

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const csr = certificateRequest(privateKey);
const csrPem = `-----BEGIN CERTIFICATE REQUEST-----\n${csr.toString('base64').replace(/.{64}/g, '$&\n')}\n-----END CERTIFICATE REQUEST-----\n`;

const poolYaml = `kind: NodePool
meta: {name: web, labels: {team: a}}
cluster: demo
spec:
  size: 3
  selector: {arch: amd64, minCpus: 2}
  template: {labels: {tier: web}, taints: [{key: a, value: b, effect: NoSchedule}], maxPods: 50}
`;
const clusterYaml = `kind: Cluster\nmeta: {name: demo}\nspec: {cni: FLANNEL, podCidr: 10.244.0.0/16}\n`;

const artifacts = JSON.stringify({
  schema: 1,
  kubernetesVersion: 'v1.34.4',
  arch: {
    amd64: {
      origin: 'build',
      components: { etcd: '3', coredns: '1', pause: '3', containerd: '2', runc: '1', cniPlugins: '1', flannel: '0' },
      files: [
        {
          role: 'binary',
          name: 'kubelet',
          version: '1.34.4',
          sizeBytes: 7,
          sha256: 'a'.repeat(64),
          neededBy: ['worker'],
          install: 'bin',
          mode: '0755',
        },
      ],
    },
  },
});

const journal = [
  { n: 1, at: '2026-01-01T00:00:00Z', kind: 'begun' },
  { n: 2, at: '2026-01-01T00:00:01Z', kind: 'step', step: 'kubeadm-join', state: 'started' },
  { n: 3, at: '2026-01-01T00:00:02Z', kind: 'nonce', act: 'reboot', nonce: 'rep_1/5-1', state: 'started', bootId: 'b' },
]
  .map((line) => `${JSON.stringify(line)}\n`)
  .join('');

/** As an agent is sent it. */
const target = MachineTarget.fromPartial({
  epoch: 3n,
  generation: 2n,
  role: MachineRole.WORKER,
  cluster: {
    id: 'clu_1',
    name: 'demo',
    endpoint: '10.0.0.5:6443',
    caCertHashes: [`sha256:${'a'.repeat(64)}`],
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/12',
    clusterDomain: 'cluster.local',
  },
  kubernetesVersion: 'v1.34.4',
  nodeName: 'edge-7',
  poolName: 'web',
  nodeId: 'nod_1',
  labels: { 'flotilla.dev/node-pool': 'web' },
  providerId: 'flotilla://mch_1',
  artifactManifestSha256: 'b'.repeat(64),
});

export const targets: readonly FuzzTarget[] = [
  { name: 'session', corpus: session, run: checkSession },
  ...requestTypes.map(({ name, decode, bytesMax }) => ({
    name: `request ${name}`,
    corpus: requestCorpus,
    run: (bytes: Uint8Array) => void tolerant(decode, bytesMax)(Buffer.from(bytes)),
  })),
  {
    name: 'enrollment',
    corpus: [FinishEnrollmentRequest.encode(FinishEnrollmentRequest.create({})).finish(), ...session],
    run: (bytes) => void tolerant((b) => FinishEnrollmentRequest.decode(b), 65_536)(Buffer.from(bytes)),
  },
  { name: 'csr', corpus: [csr], run: async (bytes) => void (await publicKeyOfCsr(bytes)) },
  { name: 'spki', corpus: [spkiOf(privateKey)], run: (bytes) => void parseP256Spki(bytes, 'key') },
  { name: 'kubelet-csr', corpus: bytesOf(csrPem), run: (bytes) => void parseCertificateRequest(text(bytes)) },
  {
    name: 'token',
    corpus: bytesOf('f7k2q1aa.9c3kq3f7k2q1aa9c3kq3f7k2q1aa'),
    run: (bytes) => void parseToken(text(bytes)),
  },
  {
    name: 'api-key',
    corpus: bytesOf('flk_abcdefgh.0123456789abcdefghijklmnopqrst'),
    run: (bytes) => void parseApiKey(text(bytes)),
  },
  {
    name: 'manifest-yaml',
    corpus: bytesOf(poolYaml, clusterYaml),
    run: (bytes) => void readManifests(text(bytes), 'f.yaml'),
  },
  {
    name: 'artifact-manifest',
    corpus: bytesOf(artifacts),
    run: (bytes) => parseJsonThen(bytes, parseManifest),
  },
  { name: 'journal', corpus: bytesOf(journal), run: (bytes) => void parseJournal(text(bytes)) },
  {
    name: 'target',
    corpus: [MachineTarget.encode(target).finish()],
    run: (bytes) => {
      const decoded = tolerant((b) => MachineTarget.decode(b), 1 << 20)(Buffer.from(bytes));
      if (!(decoded instanceof Malformed)) parseTarget(decoded as MachineTarget); // what the deserializer gives otherwise
    },
  },
];

/** Text that is no JSON is refused before this parser sees it. */
function parseJsonThen(bytes: Uint8Array, parse: (value: unknown) => unknown): void {
  let value: unknown;
  try {
    value = JSON.parse(text(bytes));
  } catch {
    return;
  }
  parse(value);
}
