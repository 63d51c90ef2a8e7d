import { FlotillaError } from '@flotilla/kit';
import { paths } from '../../host/paths.js';
import { lastLine } from '../../host/units.js';
import { uploadConfig } from '../kubeadm-config.js';
import { withKubeadmConfig } from '../kubeadm.js';
import { sha256Of } from '../kubelet-settings.js';
import type { Step, StepContext } from '../step.js';

/** kubeadm's Secret lives two hours; it is made anew while there is time left to use it. */
const goodForMs = 100 * 60_000;

interface Uploaded {
  /** Of the key; the key itself is never on disk. */
  readonly keySha256: string;
  readonly atMs: number;
}

export function uploadedPath(stateDir: string): string {
  return `${stateDir}/uploaded-certificates.json`;
}

/** kubeadm init, or this step, has put the certificates into the cluster under this key. */
export async function noteUploaded({ host, stateDir, clock }: StepContext, certificateKey: string): Promise<void> {
  const uploaded: Uploaded = { keySha256: sha256Of(certificateKey), atMs: clock.now().wallMs };
  await host.writeAtomic(uploadedPath(stateDir), `${JSON.stringify(uploaded)}\n`, 0o600);
}

async function lastUpload({ host, stateDir }: StepContext): Promise<Uploaded | undefined> {
  const text = await host.read(uploadedPath(stateDir));
  return text === undefined ? undefined : (JSON.parse(text) as Uploaded); // written by noteUploaded only
}

/** Makes the control plane's certificates available, encrypted, to a member that is about to join. */
export const uploadCertificates: Step = {
  name: 'upload-certificates',
  phase: 'maintenance',
  deadlineMs: 120_000,
  async check(context) {
    const key = context.secrets?.certificateKey ?? '';
    // Without a key there is nothing to encrypt with; it comes with the next word of the control plane.
    if (context.target.cluster?.uploadCertificates !== true || key === '') return 'done';
    const last = await lastUpload(context);
    const ageMs = context.clock.now().wallMs - (last?.atMs ?? 0);
    return last?.keySha256 === sha256Of(key) && ageMs >= 0 && ageMs < goodForMs ? 'done' : 'needed';
  },
  async apply(context) {
    const { host, signal, target, facts } = context;
    const certificateKey = context.secrets?.certificateKey ?? '';
    await withKubeadmConfig(host, uploadConfig(target, facts, certificateKey), async (path) => {
      const argv = [
        'init',
        'phase',
        'upload-certs',
        '--upload-certs',
        '--skip-certificate-key-print',
        '--config',
        path,
      ];
      const result = await host.run([`${paths.programs}/kubeadm`, ...argv], { timeoutMs: 90_000, signal });
      if (result.exitCode === 0) return;
      throw new FlotillaError('UPLOAD_CERTIFICATES_FAILED', `kubeadm upload-certs: ${lastLine(result.stderr)}`, {
        kind: 'unavailable',
        remedy: 'It is tried again. Look at: kubectl -n kube-system get pods',
      });
    });
    await noteUploaded(context, certificateKey);
  },
};
