import { completeClusterSpec, type CatalogueEntry, type Checked } from '@flotilla/core';
import { FlotillaError, toFlotillaError, type FieldViolation } from '@flotilla/kit';
import { checkRights, externalClusterFacts, parseKubeconfig, type ExternalClusterFacts } from '@flotilla/kube';
import { Cni, ControlPlaneKind, type ClusterSpec } from '@flotilla/proto';
import type { ApiParts } from './parts.js';

/** Clusters that were there before us: what a kubeconfig may do is checked before anything is written. */

/** Time the API server has for all the questions of an import. */
const importMs = 20_000;

/** Everything wrong with the text of a kubeconfig. No message repeats a part of it. */
export function kubeconfigViolations(text: string): FieldViolation[] {
  if (text === '') {
    const description = 'is needed for EXTERNAL. Give the output of: kubectl config view --raw --minify --flatten';
    return [{ field: 'kubeconfig', description }];
  }
  const parsed = parseKubeconfig(text);
  if (parsed.ok) return [];
  // When the whole is wrong, there is nothing to say of its parts.
  const whole = parsed.problems.find(({ field }) => field === 'kubeconfig');
  return (whole === undefined ? parsed.problems : [whole]).map(({ field, description, remedy }) => ({
    field: field === '' || field === 'kubeconfig' ? 'kubeconfig' : `kubeconfig.${field}`,
    description: `${description}. ${remedy}`,
  }));
}

/**
 * Asks the cluster whether the kubeconfig may do what Flotilla does, and whether nodes can join. Throws RIGHTS_MISSING
 * with every right that lacks, CLUSTER_NOT_JOINABLE, or why it could not be asked.
 */
export async function checkImport(
  parts: Pick<ApiParts, 'external' | 'clock'>,
  text: string,
  signal: AbortSignal,
): Promise<ExternalClusterFacts> {
  const parsed = parseKubeconfig(text);
  if (!parsed.ok) throw new FlotillaError('INTERNAL', 'a kubeconfig that was checked is not good');
  const client = parts.external.connect(parsed.kubeconfig);
  const options = { signal, timeoutMs: importMs };
  try {
    const missing = await checkRights(client, options);
    if (missing.length > 0) throw rightsMissing(missing);
    const facts = await externalClusterFacts(client, parts.clock.now().wallMs, options);
    if (facts.missing.length > 0) throw notJoinable(facts);
    return facts;
  } catch (thrown) {
    throw asAnswer(thrown);
  } finally {
    client.close();
  }
}

/** The spec of an imported cluster: what it says of itself fills in what was left empty, and must not be contradicted. */
export function importedSpec(
  given: ClusterSpec,
  found: ExternalClusterFacts,
  catalogue: readonly CatalogueEntry[],
): Checked<ClusterSpec> {
  const facts = {
    kubernetesVersion: found.version.gitVersion,
    podCidr: found.podCidr ?? '',
    serviceCidr: found.serviceCidr ?? '',
    clusterDomain: found.clusterDomain ?? '',
    endpoint: found.endpoint ?? '',
  };
  const violations: FieldViolation[] = [];
  for (const [field, fact] of Object.entries(facts) as [keyof typeof facts, string][]) {
    if (given[field] === '' || fact === '' || given[field] === fact || field === 'endpoint') continue;
    violations.push({
      field: `spec.${field}`,
      description: `contradicts the cluster, which has ${fact}; leave it out`,
    });
  }
  const spec: ClusterSpec = {
    ...given,
    controlPlaneKind: ControlPlaneKind.EXTERNAL,
    cni: given.cni || Cni.NONE,
    kubernetesVersion: facts.kubernetesVersion,
    podCidr: given.podCidr || facts.podCidr,
    serviceCidr: given.serviceCidr || facts.serviceCidr,
    clusterDomain: given.clusterDomain || facts.clusterDomain,
    endpoint: given.endpoint || facts.endpoint,
  };
  const checked = completeClusterSpec(spec, { catalogue, controlPlaneReplicas: 1 });
  return { value: checked.value, violations: [...violations, ...checked.violations] };
}

function rightsMissing(missing: readonly string[]): FlotillaError {
  return new FlotillaError('RIGHTS_MISSING', `The kubeconfig may not do what is needed: ${missing.join('; ')}.`, {
    kind: 'precondition',
    remedy: 'Grant these rights to its user in the cluster (a ClusterRole), or give a kubeconfig of a cluster admin.',
    violations: missing.map((right) => ({ field: 'kubeconfig', description: `may not ${right}` })),
  });
}

function notJoinable({ missing }: ExternalClusterFacts): FlotillaError {
  return new FlotillaError('CLUSTER_NOT_JOINABLE', missing.map(({ message }) => message).join(' '), {
    kind: 'precondition',
    remedy: missing.map(({ remedy }) => remedy).join(' '),
    violations: missing.map(({ code, message }) => ({ field: 'kubeconfig', description: `${code}: ${message}` })),
  });
}

/** What the other API server refused is not a refusal of ours: 401 there must not read like a bad API key here. */
function asAnswer(thrown: unknown): FlotillaError {
  const error = toFlotillaError(thrown);
  if (!error.code.startsWith('KUBE_')) return error;
  const refused = error.kind === 'unauthenticated' || error.kind === 'permission';
  return new FlotillaError(
    'CLUSTER_NOT_REACHED',
    `The cluster of the kubeconfig did not answer as it must: ${error.message}`,
    {
      kind: refused ? 'precondition' : error.kind,
      retry: error.retry,
      remedy: refused
        ? 'Give a kubeconfig whose credentials are valid: check with kubectl --kubeconfig <file> get nodes'
        : error.remedy || 'Check that the server of the kubeconfig is reached from flotilla-server.',
      metadata: { cause: error.code },
      violations: [{ field: 'kubeconfig', description: `cannot be used: ${error.code}` }],
      cause: error,
    },
  );
}
