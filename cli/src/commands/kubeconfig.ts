import { ClusterServiceService, IssueKubeconfigRequest } from '@flotilla/proto';
import { type Call, usageError } from '../call.js';
import { until } from '../output/times.js';
import { toDuration } from '../parse.js';
import { chooseCluster } from './cluster-choice.js';

/** `flotilla kubeconfig [CLUSTER]`: to stdout, or with `--merge` into the user's own. */
export async function kubeconfig(call: Call): Promise<void> {
  const { options, env } = call;
  const merge = options.flag('merge');
  if (!merge && (options.flag('set-current') || options.flag('force')))
    throw usageError('--set-current and --force go with --merge');
  const { connection, project } = await call.session();
  const cluster = call.optionalArgument('cluster') ?? (await chooseCluster(call));
  const name = options.text('name') ?? `flotilla-${cluster}`;
  const request = IssueKubeconfigRequest.create({ project, cluster, ttl: toDuration(options.number('ttl')) });
  const answer = await connection.unary(ClusterServiceService.issueKubeconfig, request);
  const { mergeKubeconfig, renameEntries } = await import('../kubeconfig.js');
  if (!merge) {
    env.stdout.write(renameEntries(answer.kubeconfig, name));
    return;
  }
  const setCurrent = options.flag('set-current');
  const { path, backup } = await mergeKubeconfig(env, answer.kubeconfig, {
    name,
    setCurrent,
    force: options.flag('force'),
  });
  call.print(`Context ${name} is in ${path}${backup === undefined ? '' : ` (before: ${backup})`}.`);
  call.note(
    `It ends ${until(answer.expireTime, env.clock.now().wallMs)}; longer: --ttl. ${setCurrent ? 'It is the current context.' : `Use it: kubectl --context ${name} get nodes`}`,
  );
}
