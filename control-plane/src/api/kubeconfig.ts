import { roleGroup, type ClusterRecord } from '@flotilla/core';
import { FlotillaError, invalidArgument, randomText } from '@flotilla/kit';
import type { KubeClient, KubeCsr } from '@flotilla/kube';
import { ControlPlaneKind, type IssueKubeconfigRequest, type IssueKubeconfigResponse } from '@flotilla/proto';
import { stringify } from 'yaml';
import { kubernetesRole } from '../access/identity.js';
import { newCsrPem, newKey, privateKeyPem, readCertificate } from '../enroll/x509.js';
import type { ProjectCall } from './call.js';
import { findCluster } from './find.js';
import { toMs } from './duration.js';
import type { ApiParts } from './parts.js';

const hourMs = 3_600_000;
const signer = 'kubernetes.io/kube-apiserver-client';
/** The signer in kube-controller-manager answers within a second or two. */
const signedWithinMs = 20_000;

/**
 * A kubeconfig with a client certificate for the caller's role, signed by the cluster itself and valid for hours. The
 * private key is made here, returned once, and kept nowhere.
 */
export async function issueKubeconfig(
  parts: ApiParts,
  request: IssueKubeconfigRequest,
  call: ProjectCall,
): Promise<IssueKubeconfigResponse> {
  const ttlMs = toMs(request.ttl, 'ttl') ?? 8 * hourMs;
  // The API refuses requests below ten minutes.
  if (ttlMs < hourMs / 6 || ttlMs > 24 * hourMs)
    throw invalidArgument([{ field: 'ttl', description: 'must be 10m to 24h' }]);
  const cluster = await findCluster(parts.store.read, call.project.id, request.cluster);
  if (cluster.spec.controlPlaneKind === ControlPlaneKind.EXTERNAL) throw notOurs(cluster);
  const client = parts.engine.clusterClient(cluster.id);
  const access = cluster.access;
  if (client === undefined || access === undefined || access.caCertificate === '') throw notReady(cluster);
  const role = kubernetesRole(call.role);
  const key = newKey();
  const user = `${call.caller.name}@flotilla`;
  const requestPem = await newCsrPem(key, `flotilla:${call.caller.name}`, [roleGroup(call.project.name, role)]);
  const certificate = await sign(parts, client, requestPem, ttlMs, call);
  await parts.store.commit(
    [
      {
        kind: 'audit.append',
        entry: {
          projectId: call.project.id,
          action: 'cluster.kubeconfig',
          resourceKind: 'cluster',
          resourceId: cluster.id,
          result: 'OK',
          details: { role, ttlSeconds: String(ttlMs / 1000) },
        },
      },
    ],
    { owner: 'api', nowMs: call.nowMs, actor: call.actor, remoteAddress: call.remoteAddress },
  );
  const kubeconfig = kubeconfigYaml({
    cluster: cluster.name,
    server: `https://${cluster.status.endpoint}`,
    ca: access.caCertificate,
    user,
    certificate,
    key: privateKeyPem(key),
  });
  return { kubeconfig, expireTime: new Date(Date.parse(readCertificate(certificate).validTo)) };
}

async function sign(
  parts: ApiParts,
  client: KubeClient,
  requestPem: string,
  ttlMs: number,
  call: ProjectCall,
): Promise<string> {
  const name = `flotilla-kubeconfig-${randomText(10, parts.random)}`;
  const created = await client.createCsr(
    {
      name,
      requestPem,
      signerName: signer,
      usages: ['client auth'],
      expirationSeconds: Math.floor(ttlMs / 1000),
      labels: { 'app.kubernetes.io/managed-by': 'flotilla' },
    },
    { signal: call.signal },
  );
  await client.approveCsr(
    name,
    { type: 'Approved', uid: created.meta.uid, reason: 'FlotillaKubeconfig', message: `Issued to ${call.actor}` },
    { signal: call.signal },
  );
  const deadlineMs = parts.clock.now().monotonicMs + signedWithinMs;
  for (let delayMs = 50; ; delayMs = Math.min(1000, delayMs * 2)) {
    const seen: KubeCsr | undefined = await client.get('certificatesigningrequests', { name }, { signal: call.signal });
    if (seen?.certificatePem !== undefined && seen.certificatePem !== '') return seen.certificatePem;
    const failed = seen?.conditions.find(({ type }) => type === 'Failed' || type === 'Denied');
    if (failed !== undefined) throw unsigned(failed.message);
    if (parts.clock.now().monotonicMs > deadlineMs) throw unsigned('kube-controller-manager did not sign it in time');
    await parts.clock.sleep(delayMs, call.signal);
  }
}

/** A kubeconfig with one cluster, one user and one context of the cluster's name. */
export function kubeconfigYaml(of: {
  readonly cluster: string;
  readonly server: string;
  readonly ca: string;
  readonly user: string;
  readonly certificate: string;
  readonly key: string;
}): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const user = `${of.cluster}/${of.user}`;
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: of.cluster, cluster: { server: of.server, 'certificate-authority-data': base64(of.ca) } }],
    users: [
      { name: user, user: { 'client-certificate-data': base64(of.certificate), 'client-key-data': base64(of.key) } },
    ],
    contexts: [{ name: of.cluster, context: { cluster: of.cluster, user } }],
    'current-context': of.cluster,
  });
}

function notOurs(cluster: ClusterRecord): FlotillaError {
  return new FlotillaError(
    'CLUSTER_EXTERNAL',
    `Who may do what in ${cluster.name} is not Flotilla's to say: it was imported.`,
    {
      kind: 'precondition',
      remedy: 'Use the kubeconfigs that the cluster itself gives out.',
    },
  );
}

function notReady(cluster: ClusterRecord): FlotillaError {
  return new FlotillaError('CLUSTER_NOT_READY', `The API server of ${cluster.name} cannot be reached yet.`, {
    kind: 'precondition',
    retry: 'later',
    remedy: `See how far it is: flotilla describe cluster ${cluster.name}`,
  });
}

function unsigned(why: string): FlotillaError {
  return new FlotillaError('KUBECONFIG_NOT_SIGNED', `The cluster did not sign the certificate: ${why}.`, {
    kind: 'unavailable',
    remedy: 'Check kube-controller-manager of the cluster, then ask again.',
  });
}
