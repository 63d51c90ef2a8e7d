import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../host/host.js';
import { paths } from '../host/paths.js';

const pki = `${paths.etcKubernetes}/pki/etcd`;
export const etcdManifest = `${paths.etcKubernetes}/manifests/etcd.yaml`;
const timeoutMs = 8_000;

export interface EtcdMember {
  /** Decimal, as the JSON gateway writes it. */
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

/** This host's own member, as kubeadm wrote it down; undefined when the host has none. */
export interface OwnEtcd {
  readonly name: string;
  readonly peerUrl: string;
  /** Client URLs of the members that were there when this one joined, its own first. */
  readonly clientUrls: readonly string[];
}

export async function readOwnEtcd(host: Host): Promise<OwnEtcd | undefined> {
  const manifest = await host.read(etcdManifest);
  if (manifest === undefined) return undefined;
  const flag = (name: string): string => new RegExp(`^\\s*- --${name}=(\\S+)$`, 'm').exec(manifest)?.[1] ?? '';
  const peerUrl = flag('initial-advertise-peer-urls');
  const members = flag('initial-cluster')
    .split(',')
    .map((entry) => entry.slice(entry.indexOf('=') + 1))
    .filter((url) => url !== '' && url !== peerUrl)
    .map((url) => url.replace(/:2380$/, ':2379'));
  return { name: flag('name'), peerUrl, clientUrls: ['https://127.0.0.1:2379', ...members] };
}

interface Credentials {
  readonly ca: string;
  readonly clientCertificate: string;
  readonly clientKey: string;
}

async function credentials(host: Host): Promise<Credentials> {
  const [ca, clientCertificate, clientKey] = [
    await host.read(`${pki}/ca.crt`),
    await host.read(`${pki}/healthcheck-client.crt`),
    await host.read(`${pki}/healthcheck-client.key`),
  ];
  if (ca === undefined || clientCertificate === undefined || clientKey === undefined)
    throw new FlotillaError('ETCD_UNREACHABLE', `the certificates for etcd are not in ${pki}`, { kind: 'unavailable' });
  return { ca, clientCertificate, clientKey };
}

/** etcd's own JSON gateway, with the certificates that kubeadm made for health checks. */
async function ask(host: Host, url: string, path: string, body: object): Promise<unknown> {
  const request = { url: `${url}${path}`, ...(await credentials(host)), timeoutMs, body: JSON.stringify(body) };
  const answer = await host.httpPost(request);
  if (answer.status === 200) return JSON.parse(answer.body);
  throw new FlotillaError('ETCD_REFUSED', `${url}${path} answered ${answer.status}: ${answer.body.slice(0, 300)}`, {
    kind: 'unavailable',
  });
}

interface RawMember {
  readonly ID?: string;
  readonly name?: string;
  readonly peerURLs?: readonly string[];
  readonly clientURLs?: readonly string[];
  readonly isLearner?: boolean;
}

/** The members as one of them knows them. */
export async function listMembers(host: Host, url: string): Promise<readonly EtcdMember[]> {
  const answer = (await ask(host, url, '/v3/cluster/member/list', {})) as { members?: readonly RawMember[] }; // shape of etcd's API; every part optional
  return (answer.members ?? []).map(({ ID = '', name = '', peerURLs = [], clientURLs = [], isLearner = false }) => ({
    id: ID,
    name,
    peerUrls: peerURLs,
    clientUrls: clientURLs,
    isLearner,
  }));
}

export async function removeMember(host: Host, url: string, id: string): Promise<void> {
  await ask(host, url, '/v3/cluster/member/remove', { ID: id });
}

/** Whether a member says that it takes part and has a leader. */
export async function memberHealthy(host: Host, { clientUrls }: EtcdMember): Promise<boolean> {
  const access = await credentials(host);
  for (const url of clientUrls) {
    try {
      const answer = await host.httpGet({ url: `${url}/health`, ...access, timeoutMs });
      if (answer.status === 200 && /"health"\s*:\s*"true"/.test(answer.body)) return true;
    } catch (error) {
      if (!(error instanceof FlotillaError)) throw error;
    }
  }
  return false;
}
