import { paths } from '../../host/paths.js';
import { noteUploaded } from '../maintain/upload-certificates.js';
import { expectCertificateKey, patchesDir, probeAllowance, runKubeadm, wantedMembership } from '../kubeadm.js';
import { initConfig } from '../kubeadm-config.js';
import { StepProblems, type MembershipRecord, type Step } from '../step.js';
import { bootstrapTokenText } from './bootstrap-token.js';

/** Makes the first control plane of a cluster. */
export const kubeadmInit: Step = {
  name: 'kubeadm-init',
  phase: 'bootstrap',
  deadlineMs: 15 * 60_000,
  attemptsMax: 3,
  async check({ host, memory }) {
    // kubeadm's own exit is the only proof that it finished (add-ons come last), so it is what the journal remembers.
    // Once joined, health is the probes' business: a control plane that is down is never initialised again.
    const joined = memory.membership()?.state === 'joined';
    return joined && (await host.exists(`${paths.etcKubernetes}/admin.conf`)) ? 'done' : 'needed';
  },
  async apply(context) {
    refuseToForget(context.memory.membership());
    const { target, facts, host } = context;
    const uploads = target.cluster?.uploadCertificates === true;
    const certificateKey = uploads ? expectCertificateKey(context) : '';
    const config = initConfig({
      certificateKey,
      target,
      facts,
      allowance: await probeAllowance(host),
      patchesDir,
      throwawayToken: bootstrapTokenText(),
    });
    const upload = uploads ? ['--upload-certs', '--skip-certificate-key-print'] : [];
    await runKubeadm({ context, verb: 'init', config, extraArgs: ['--skip-token-print', ...upload] });
    if (uploads) await noteUploaded(context, certificateKey);
    await context.memory.setMembership(wantedMembership(context, 'joined'));
  },
};

/** A finished control plane whose files are gone holds, or held, a cluster's only data: a person decides, not we. */
function refuseToForget(record: MembershipRecord | undefined): void {
  if (record?.state !== 'joined') return;
  throw new StepProblems(
    [
      {
        code: 'CONTROL_PLANE_FILES_MISSING',
        message: `this machine is the control plane of ${record.clusterId}, but ${paths.etcKubernetes}/admin.conf is gone`,
        remedy:
          'Restore /etc/kubernetes from a backup; or give the cluster up: remove the node, and create the cluster anew.',
      },
    ],
    'never',
  );
}
