import {
  clusterUpdateViolations,
  completeClusterSpec,
  controlPlanePoolName,
  labelViolations,
  type Change,
  type ClusterRecord,
} from '@flotilla/core';
import { invalidArgument, type FieldViolation } from '@flotilla/kit';
import { ClusterSpec, ControlPlaneKind, EventSeverity, type UpdateClusterRequest } from '@flotilla/proto';
import type { ProjectCall } from './call.js';
import { checkImport, kubeconfigViolations } from './external.js';
import { clusterPaths, maskedCluster, parseMask } from './mask.js';
import type { ApiParts } from './parts.js';
import { beingDeleted } from './refusals.js';
import type { Planned } from './verb.js';
import { expectEtag } from './write.js';

const paths = ['labels', 'spec', 'kubeconfig', ...clusterPaths];

/** What an update of a cluster writes; undefined = nothing differs. What is immutable is refused by name. */
export async function planClusterUpdate(
  parts: ApiParts,
  call: ProjectCall,
  record: ClusterRecord,
  request: UpdateClusterRequest,
): Promise<Planned<ClusterRecord> | undefined> {
  const expected = expectEtag('cluster', record, request.etag);
  if (record.deleteRequestedAtMs !== undefined) throw beingDeleted('cluster', record.name);
  const mask = parseMask(request.updateMask, paths);
  const takesLabels = mask.length === 0 || mask.includes('labels');
  const labels = takesLabels ? request.labels : record.labels;
  const spec = planSpec(record.spec, request.spec, mask);
  const kubeconfig = mask.includes('kubeconfig') || mask.length === 0 ? request.kubeconfig : '';
  const violations = [
    ...(takesLabels ? labelViolations('labels', labels) : []),
    ...clusterUpdateViolations(record.spec, spec),
    ...(await specViolations(parts, record, spec)),
    ...importViolations(record, kubeconfig, mask),
  ];
  if (violations.length > 0) throw invalidArgument(violations);
  if (kubeconfig !== '') await checkImport(parts, kubeconfig, call.signal);
  const { id, projectId, name } = record;
  const changed = changedFields(record, { labels, spec, kubeconfig });
  if (changed.length === 0) return undefined;
  const changes: Change[] = [{ kind: 'cluster.spec', cluster: { id, projectId, name, labels, spec } }];
  if (kubeconfig !== '') {
    const sealedKubeconfig = parts.external.seal(id, kubeconfig);
    changes.push({ kind: 'cluster.import', clusterId: id, sealedKubeconfig });
  }
  return {
    act: {
      changes,
      expect: [expected],
      event: {
        resourceKind: 'cluster',
        resourceId: id,
        severity: EventSeverity.NORMAL,
        category: 'Lifecycle',
        reason: 'ClusterUpdated',
        message: `${call.actor} changed the cluster: ${changed.join(', ')}.`,
      },
      audit: {
        action: 'cluster.update',
        resourceKind: 'cluster',
        resourceId: id,
        details: { name, fields: changed.join(',') },
      },
      response: id,
    },
    preview: { ...record, labels, spec },
  };
}

function planSpec(stored: ClusterSpec, wanted: ClusterSpec | undefined, mask: readonly string[]): ClusterSpec {
  if (mask.length === 0 || mask.includes('spec')) return maskedCluster(stored, wanted, []);
  const fields = mask.filter((path) => clusterPaths.includes(path));
  return fields.length === 0 ? stored : maskedCluster(stored, wanted, fields);
}

/** Problems of the values themselves; what did not change was good when it was written. */
async function specViolations(
  { store, artifacts }: ApiParts,
  record: ClusterRecord,
  spec: ClusterSpec,
): Promise<FieldViolation[]> {
  const pool = await store.read.poolByName(record.id, controlPlanePoolName);
  const controlPlaneReplicas = pool?.spec.size ?? 1;
  const { violations } = completeClusterSpec(spec, { catalogue: artifacts.catalogue, controlPlaneReplicas });
  const changed = new Set(changedSpec(record.spec, spec));
  return violations.filter(({ field }) => changed.has(field.replace(/^spec\./, '').split(/[.[]/)[0] ?? ''));
}

function importViolations(record: ClusterRecord, kubeconfig: string, mask: readonly string[]): FieldViolation[] {
  if (record.spec.controlPlaneKind !== ControlPlaneKind.EXTERNAL) {
    if (kubeconfig === '' && !mask.includes('kubeconfig')) return [];
    return [{ field: 'kubeconfig', description: `is only for EXTERNAL clusters; ${record.name} is none` }];
  }
  return kubeconfig !== '' || mask.includes('kubeconfig') ? kubeconfigViolations(kubeconfig) : [];
}

function changedSpec(before: ClusterSpec, after: ClusterSpec): string[] {
  const text = (spec: ClusterSpec): Readonly<Record<string, unknown>> =>
    ClusterSpec.toJSON(spec) as Readonly<Record<string, unknown>>;
  const [old, wanted] = [text(before), text(after)];
  return clusterPaths.filter((field) => JSON.stringify(old[field]) !== JSON.stringify(wanted[field]));
}

function changedFields(
  record: ClusterRecord,
  wanted: {
    readonly labels: Readonly<Record<string, string>>;
    readonly spec: ClusterSpec;
    readonly kubeconfig: string;
  },
): string[] {
  const sorted = (labels: Readonly<Record<string, string>>): string => JSON.stringify(Object.entries(labels).sort());
  return [
    ...(sorted(record.labels) === sorted(wanted.labels) ? [] : ['labels']),
    ...changedSpec(record.spec, wanted.spec),
    ...(wanted.kubeconfig === '' ? [] : ['kubeconfig']),
  ];
}
