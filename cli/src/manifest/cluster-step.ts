import {
  ClusterServiceService,
  ClusterSpec,
  ControlPlaneKind,
  CreateClusterRequest,
  GetClusterRequest,
} from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import type { Call, Session } from '../call.js';
import { differences, textAt } from './difference.js';
import type { Manifest } from './read.js';

/** What applying one document comes to, checked and not yet done. */
export interface Step {
  /** `pool/workers` */
  readonly what: string;
  /** created, changed, unchanged */
  readonly deed: string;
  /** Undefined when there is nothing to do. */
  readonly commit: ((session: Session) => Promise<void>) | undefined;
}

/** A cluster is created, or is already as written; what is fixed at creation is not changed. */
export async function planCluster(session: Session, manifest: Manifest, call: Call): Promise<Step> {
  const { name } = manifest;
  const what = `cluster/${name}`;
  const existing = await existingSpec(session, manifest);
  if (existing === undefined) {
    await session.connection.unary(ClusterServiceService.createCluster, createRequest(session, manifest, call, true));
    const commit = async (at: Session): Promise<void> => {
      await at.connection.unary(ClusterServiceService.createCluster, createRequest(at, manifest, call, false));
    };
    return { what, deed: 'created', commit };
  }
  const changed = differences(manifest.spec, existing);
  if (changed.length === 0) return { what, deed: 'unchanged', commit: undefined };
  throw new FlotillaError(
    'IMMUTABLE',
    changed
      .map(
        (path) =>
          `spec.${path} of cluster ${name} is ${textAt(existing, path)} and cannot become ${textAt(manifest.spec, path)}`,
      )
      .join('; '),
    { kind: 'precondition', remedy: 'Leave those fields as they are, or create another cluster.' },
  );
}

async function existingSpec({ connection, project }: Session, manifest: Manifest): Promise<unknown> {
  try {
    const request = GetClusterRequest.create({
      project: manifest.project === '' ? project : manifest.project,
      cluster: manifest.name,
    });
    const { cluster } = await connection.unary(ClusterServiceService.getCluster, request);
    return cluster?.spec === undefined ? {} : ClusterSpec.toJSON(cluster.spec);
  } catch (error) {
    if (error instanceof FlotillaError && error.kind === 'not-found') return undefined;
    throw error;
  }
}

function createRequest(
  { project }: Session,
  manifest: Manifest,
  call: Call,
  validateOnly: boolean,
): CreateClusterRequest {
  const spec = ClusterSpec.fromJSON(manifest.spec);
  if (spec.controlPlaneKind === ControlPlaneKind.UNSPECIFIED) spec.controlPlaneKind = ControlPlaneKind.SELF_PROVISIONED;
  return CreateClusterRequest.create({
    project: manifest.project === '' ? project : manifest.project,
    name: manifest.name,
    spec,
    labels: { ...manifest.labels },
    controlPlaneReplicas: manifest.controlPlaneReplicas,
    options: { ...call.writeOptions(), validateOnly },
  });
}
