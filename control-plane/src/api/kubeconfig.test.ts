import { silentLogger, SimClock, systemRandom } from '@flotilla/kit';
import type { CsrRequest, KubeClient } from '@flotilla/kube';
import { ClusterSpec, ClusterState, Role } from '@flotilla/proto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { issueCertificate, newKey, publicKeyOfCsr } from '../enroll/x509.js';
import type { ProjectCall } from './call.js';
import { issueKubeconfig } from './kubeconfig.js';
import type { ApiParts } from './parts.js';

const nowMs = Date.UTC(2026, 0, 1);

/** An API server that signs what was approved, after `looks` reads. */
function fakeCluster(looks = 2) {
  const ca = newKey();
  const asked: CsrRequest[] = [];
  const approvals: string[] = [];
  let seen = 0;
  const csr = { meta: { uid: 'uid-1' }, conditions: [], certificatePem: undefined };
  const client = {
    createCsr: async (request: CsrRequest) => {
      asked.push(request);
      return csr;
    },
    approveCsr: async (name: string, verdict: { type: string; uid: string }) => {
      approvals.push(`${name} ${verdict.type} ${verdict.uid}`);
      return csr;
    },
    get: async () => {
      seen += 1;
      if (seen < looks) return csr;
      const der = Buffer.from((asked[0]?.requestPem ?? '').replace(/-----[A-Z ]+-----|\s/g, ''), 'base64');
      const { pem } = await issueCertificate(
        {
          kind: 'client',
          commonName: 'whoever',
          issuerCommonName: 'kubernetes',
          publicKey: await publicKeyOfCsr(der),
          notBeforeMs: nowMs,
          notAfterMs: nowMs + (asked[0]?.expirationSeconds ?? 0) * 1000,
        },
        ca,
        systemRandom,
      );
      return { ...csr, certificatePem: pem };
    },
  };
  // Only these three calls are made.
  return { client: client as unknown as KubeClient, asked, approvals };
}

function setUp(client: KubeClient | undefined, role: Role = Role.READER) {
  const clock = new SimClock(nowMs);
  const audits: unknown[] = [];
  const cluster = {
    id: 'clu_222222222222',
    projectId: 'prj_a',
    name: 'demo',
    spec: ClusterSpec.create(),
    status: { state: ClusterState.PROVISIONED, endpoint: '10.0.0.5:6443' },
    access: { caCertificate: 'CA PEM' },
  };
  const parts = {
    clock,
    random: systemRandom,
    log: silentLogger,
    engine: { clusterClient: () => client },
    store: {
      read: { clusterByName: async () => cluster },
      commit: async (changes: unknown[]) => void audits.push(...changes),
    },
  } as unknown as ApiParts; // what issueKubeconfig looks at
  const call = {
    project: { id: 'prj_a', name: 'default' },
    caller: { kind: 'api-key', id: 'key_a', name: 'anna', projectId: 'prj_a', role },
    role,
    actor: 'api-key:anna',
    nowMs,
    signal: new AbortController().signal,
  } as unknown as ProjectCall; // likewise
  return { parts, call, clock, audits };
}

const request = { project: '', cluster: 'demo', ttl: undefined };

describe('a kubeconfig', () => {
  it('holds a certificate of the cluster for the role of the caller, valid for hours', async () => {
    const { client, asked, approvals } = fakeCluster();
    const { parts, call, clock, audits } = setUp(client, Role.MEMBER);
    const issuing = issueKubeconfig(parts, request, call);
    await clock.waitForSleepers(1);
    await clock.advance(1000);
    const { kubeconfig, expireTime } = await issuing;
    expect(asked[0]).toMatchObject({
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      expirationSeconds: 8 * 3600,
    });
    expect(
      Buffer.from(asked[0]?.requestPem.replace(/-----[A-Z ]+-----|\s/g, '') ?? '', 'base64').toString('latin1'),
    ).toContain('flotilla:default:member');
    expect(approvals).toEqual([expect.stringMatching(/^flotilla-kubeconfig-\w+ Approved uid-1$/)]);
    expect(expireTime).toEqual(new Date(nowMs + 8 * 3_600_000));
    const file = parse(kubeconfig) as {
      clusters: { cluster: Record<string, string> }[];
      users: { user: Record<string, string> }[];
      'current-context': string;
    };
    expect(file['current-context']).toBe('demo');
    expect(file.clusters[0]?.cluster).toEqual({
      server: 'https://10.0.0.5:6443',
      'certificate-authority-data': Buffer.from('CA PEM').toString('base64'),
    });
    const key = Buffer.from(file.users[0]?.user['client-key-data'] ?? '', 'base64').toString();
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(JSON.stringify(audits)).toContain('cluster.kubeconfig');
    expect(JSON.stringify(audits)).not.toContain('PRIVATE');
  });

  it('is not waited for without end', async () => {
    const { client } = fakeCluster(Number.POSITIVE_INFINITY);
    const { parts, call, clock } = setUp(client);
    const issuing = issueKubeconfig(parts, request, call).catch((error: unknown) => error);
    await clock.waitForSleepers(1);
    await clock.advance(60_000);
    expect(await issuing).toMatchObject({ code: 'KUBECONFIG_NOT_SIGNED' });
  });

  it('is refused while the cluster cannot be reached, and for odd lifetimes', async () => {
    const { parts, call } = setUp(undefined);
    await expect(issueKubeconfig(parts, request, call)).rejects.toMatchObject({
      code: 'CLUSTER_NOT_READY',
      kind: 'precondition',
    });
    const ttl = { seconds: 30n * 3600n, nanos: 0 };
    await expect(issueKubeconfig(parts, { ...request, ttl }, call)).rejects.toMatchObject({
      violations: [{ field: 'ttl' }],
    });
  });
});
