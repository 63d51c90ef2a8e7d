import { parseAllDocuments } from 'yaml';
import type { KubeEndpoint } from '../transport.js';
import type { Kubeconfig, KubeconfigResult } from './kubeconfig-types.js';
import { readAuthority, readServer, readUser } from './kubeconfig-parts.js';
import { Problems, StrictMap } from './problems.js';

const textBytesMax = 1024 * 1024;
const wholeFile = 'Give the output of: kubectl config view --raw --minify --flatten';

/**
 * The kubeconfig (YAML or JSON text) of an existing cluster. Only what is complete in itself and safe is taken: the
 * current context with its cluster and user, CA as data, a client certificate with key, or a token (a certificate wins
 * where both are). Programs (`exec`), `auth-provider`, passwords, impersonation, paths of files, plain http, proxies and
 * `insecure-skip-tls-verify` are refused, all problems at once. Contexts that are not current are not looked at.
 * Never throws; no problem repeats a value of the file.
 */
export function parseKubeconfig(text: string): KubeconfigResult {
  const problems = new Problems();
  const kubeconfig = read(text, problems);
  if (kubeconfig !== undefined && problems.found.length === 0) return { ok: true, kubeconfig };
  return { ok: false, problems: problems.found };
}

/** How {@link createKubeClient} reaches that cluster. */
export function connectionOf({ server, caPem, serverName, user }: Kubeconfig): KubeEndpoint {
  return {
    server,
    caPem,
    ...(serverName === undefined ? {} : { serverName }),
    ...(user.kind === 'token'
      ? { bearerToken: user.token }
      : { certificatePem: user.certificatePem, keyPem: user.keyPem }),
  };
}

function read(text: string, problems: Problems): Kubeconfig | undefined {
  const root = StrictMap.of(readYaml(text, problems), '', problems);
  if (root === undefined || problems.found.length > 0) return undefined;
  root.ignore('preferences', 'extensions');
  if (root.text('apiVersion') !== 'v1') problems.add('apiVersion', 'must be v1', wholeFile);
  if (root.text('kind') !== 'Config') problems.add('kind', 'must be Config', wholeFile);
  const context = root.text('current-context');
  root.ignore('contexts', 'clusters', 'users');
  root.refuseUnknown();
  if (context === undefined)
    return problems.add('current-context', 'is missing', 'Choose one with: kubectl config use-context NAME');
  const chosen = named(root, 'contexts', 'context', context);
  const clusterName = chosen?.text('cluster');
  const userName = chosen?.text('user');
  chosen?.ignore('namespace', 'extensions');
  chosen?.refuseUnknown();
  if (chosen !== undefined && clusterName === undefined) problems.add(chosen.at('cluster'), 'is missing', wholeFile);
  if (chosen !== undefined && userName === undefined) problems.add(chosen.at('user'), 'is missing', wholeFile);
  const cluster = clusterName === undefined ? undefined : named(root, 'clusters', 'cluster', clusterName);
  const holder = userName === undefined ? undefined : named(root, 'users', 'user', userName);
  // Each part tells its own problems, whether the other one is good or not.
  const server = cluster && readServer(cluster);
  const authority = cluster && readAuthority(cluster);
  cluster?.refuseUnknown();
  const user = holder && readUser(holder);
  holder?.refuseUnknown();
  if (server === undefined || authority === undefined || user === undefined) return undefined;
  return { context, ...server, caPem: authority, user };
}

/** The one document; aliases, tags and doubled keys, which a person cannot check by reading, are refused. */
function readYaml(text: string, problems: Problems): unknown {
  if (Buffer.byteLength(text) > textBytesMax)
    return problems.add('kubeconfig', 'is larger than 1 MiB', 'Give the kubeconfig of one cluster.');
  const documents = parseAllDocuments(text, { strict: true, uniqueKeys: true, prettyErrors: false });
  const [document, ...more] = Array.isArray(documents) ? documents : [];
  if (document === undefined) return problems.add('kubeconfig', 'is empty', wholeFile);
  if (more.length > 0) return problems.add('kubeconfig', 'holds several documents', 'Give one kubeconfig.');
  const [fault] = [...document.errors, ...document.warnings];
  if (fault !== undefined) {
    const line = text.slice(0, fault.pos[0]).split('\n').length;
    return problems.add('kubeconfig', `is not YAML at line ${line} (${fault.code})`, wholeFile);
  }
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch {
    return problems.add('kubeconfig', 'uses aliases', 'Write every value where it is used.');
  }
}

/** What is inside the one entry of that name. */
function named(root: StrictMap, list: string, inner: string, name: string): StrictMap | undefined {
  const { problems } = root;
  const entries = root.raw(list);
  if (!Array.isArray(entries)) return problems.add(list, 'must be a list', wholeFile);
  const hits = entries.filter((entry: unknown) => nameOf(entry) === name);
  const shown = /^[\w.@:/-]{1,100}$/.test(name) ? name : '…';
  const path = `${list}[${shown}]`;
  if (hits.length === 0) return problems.add(path, 'is missing, but the current context needs it', wholeFile);
  if (hits.length > 1) return problems.add(path, 'is there more than once', 'Keep one entry of each name.');
  const entry = StrictMap.of(hits[0], path, problems);
  entry?.ignore('name');
  const value = entry?.raw(inner);
  entry?.refuseUnknown();
  return entry && StrictMap.of(value, entry.at(inner), problems);
}

function nameOf(entry: unknown): unknown {
  return typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : undefined;
}
