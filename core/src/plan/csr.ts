import { canonicalIp, parseCertificateRequest } from '../domain/csr-der.js';
import type { MachineRecord } from '../domain/records.js';

export const kubeletServingSigner = 'kubernetes.io/kubelet-serving';

/** What the API server says of a certificate signing request; who asks is authenticated there. */
export interface CsrFacts {
  readonly name: string;
  readonly uid: string;
  readonly signerName: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly usages: readonly string[];
  readonly requestPem: string;
}

export type CsrVerdict = { readonly approve: true } | { readonly approve: false; readonly problem: string };

const usagesAllowed = ['digital signature', 'key encipherment', 'server auth'];
const refuse = (problem: string): CsrVerdict => ({ approve: false, problem });

/**
 * Whether a kubelet's serving certificate may be issued: the requester is that very node, the request is for it and
 * nothing else, usages fit, and every name is one that the machine's own record has. undefined = not ours to judge.
 * (kubernetes.io/kubelet-serving is never approved by Kubernetes itself.)
 */
export function judgeCsr(
  csr: CsrFacts,
  nodes: ReadonlyMap<string, { readonly machine: MachineRecord; readonly removing: boolean }>,
): CsrVerdict | undefined {
  if (csr.signerName !== kubeletServingSigner) return undefined;
  const nodeName = csr.username.startsWith('system:node:') ? csr.username.slice('system:node:'.length) : '';
  const node = nodes.get(nodeName);
  if (node === undefined) return refuse(`the requester ${JSON.stringify(csr.username)} is no node of this cluster`);
  if (node.removing) return refuse(`node ${nodeName} is leaving`);
  if (!csr.groups.includes('system:nodes')) return refuse('the requester is not in the group system:nodes');
  const strange = csr.usages.filter((u) => !usagesAllowed.includes(u));
  if (strange.length > 0) return refuse(`usage ${strange.join(', ')} is not for serving`);
  if (!csr.usages.includes('server auth')) return refuse('usage server auth is missing');
  return judgeRequest(csr, nodeName, node.machine);
}

function judgeRequest(csr: CsrFacts, nodeName: string, machine: MachineRecord): CsrVerdict {
  const request = parseCertificateRequest(csr.requestPem);
  if (request === undefined) return refuse('the request cannot be read');
  const { commonNames, organizations, otherSubjectParts } = request;
  const subjectFits =
    commonNames.length === 1 &&
    commonNames[0] === csr.username &&
    organizations.length === 1 &&
    organizations[0] === 'system:nodes' &&
    otherSubjectParts === 0;
  if (!subjectFits) return refuse('the subject is not CN=system:node:<name>, O=system:nodes');
  if (request.otherNames > 0) return refuse('it asks for names that are neither DNS names nor addresses');
  if (request.dnsNames.length + request.ipAddresses.length === 0) return refuse('it asks for no name');
  const dnsKnown = new Set([nodeName, machine.facts.hostname]);
  const dns = request.dnsNames.filter((n) => !dnsKnown.has(n));
  if (dns.length > 0) return refuse(`the DNS name ${dns.join(', ')} is not the node's`);
  const known = new Set(addressesOf(machine));
  const ips = request.ipAddresses.filter((ip) => !known.has(ip));
  if (ips.length > 0)
    return refuse(`the address ${ips.join(', ')} is not among those that ${machine.name} has reported`);
  return { approve: true };
}

/** Addresses of the machine's record, in canonical form; an interface may give them with a prefix length. */
function addressesOf(machine: MachineRecord): string[] {
  const all = [machine.facts.nodeAddress, ...machine.facts.interfaces.flatMap((i) => i.addresses)];
  return all.flatMap((address) => canonicalIp(address.replace(/\/\d+$/, '')) ?? []);
}
