import { ClusterServiceService, ListClustersRequest } from '@flotilla/proto';
import { FlotillaError } from '@flotilla/kit';
import { type Call, usageError } from '../call.js';

/** `--cluster`, or the only cluster of the project. */
export async function chooseCluster(call: Call): Promise<string> {
  const wanted = call.options.text('cluster');
  if (wanted !== undefined) return wanted;
  const { connection, project } = await call.session();
  const { clusters } = await connection.unary(
    ClusterServiceService.listClusters,
    ListClustersRequest.create({ project, options: { pageSize: 10 } }),
  );
  const names = clusters.map(({ meta }) => meta?.name ?? '');
  const [only, ...others] = names;
  if (only === undefined) {
    throw new FlotillaError('NO_CLUSTER', `project ${project} has no cluster yet`, {
      kind: 'precondition',
      remedy: 'Create one first: flotilla create cluster NAME',
    });
  }
  if (others.length > 0)
    throw usageError(`there are several clusters: ${names.join(', ')}`, 'Say which: --cluster NAME');
  return only;
}
