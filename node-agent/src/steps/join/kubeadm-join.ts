import { MachineRole } from '@flotilla/proto';
import { splitEndpoint } from '../endpoint.js';
import { paths } from '../../host/paths.js';
import { expectCertificateKey, patchesDir, runKubeadm, wantedMembership } from '../kubeadm.js';
import { joinConfig } from '../kubeadm-config.js';
import { StepWaiting, type Step, type StepContext } from '../step.js';

const connectTimeoutMs = 5_000;

/** Looks first, so that a bootstrap token is only asked for when the join is next and can work. */
async function expectReachable({ host, target }: StepContext): Promise<void> {
  const endpoint = target.cluster?.endpoint ?? '';
  const { host: name, port } = splitEndpoint(endpoint);
  if (await host.connects(name, port, connectTimeoutMs)) return;
  // Not a failure of this machine: it waits, however long the API server is away.
  throw new StepWaiting(
    {
      code: 'API_SERVER_UNREACHABLE',
      message: `${endpoint} (the API server of ${target.cluster?.name ?? 'the cluster'}) does not accept connections from this host`,
      remedy:
        'Open the way from this host to that address, or start the control-plane machine. It is tried again by itself.',
    },
    10_000,
  );
}

/** Makes this machine a node of the cluster. */
export const kubeadmJoin: Step = {
  name: 'kubeadm-join',
  phase: 'bootstrap',
  deadlineMs: 10 * 60_000,
  attemptsMax: 3,
  async check({ host, memory }) {
    const joined = memory.membership()?.state === 'joined';
    return joined && (await host.exists(`${paths.etcKubernetes}/kubelet.conf`)) ? 'done' : 'needed';
  },
  async apply(context) {
    await expectReachable(context);
    if (context.secrets === undefined || context.secrets.bootstrapToken === '') {
      const problem = {
        code: 'BOOTSTRAP_TOKEN_NEEDED',
        message: 'waiting for a bootstrap token from the control plane',
        remedy: 'It comes by itself while the agent is connected.',
      };
      throw new StepWaiting(problem, 10_000);
    }
    if (context.target.role === MachineRole.CONTROL_PLANE) expectCertificateKey(context);
    const config = joinConfig(context.target, context.facts, context.secrets, patchesDir);
    await runKubeadm({ context, verb: 'join', config, extraArgs: [] });
    await context.memory.setMembership(wantedMembership(context, 'joined'));
    // Not needed again. After a failure it is kept: it is this machine's alone, and the next try may come before a fresh one.
    context.dropSecrets();
  },
};
