import { FlotillaError } from '@flotilla/kit';
import { lastLine } from '../../host/units.js';
import { paths } from '../../host/paths.js';
import type { Step, StepContext } from '../step.js';
import { progressOf } from './artifacts.js';
import { manifestRole } from './binaries.js';
import type { ArtifactFile } from './manifest.js';

const ctr = `${paths.programs}/ctr`;
const namespace = ['-n', 'k8s.io'] as const;

async function missingImages(context: StepContext): Promise<readonly ArtifactFile[]> {
  const manifest = await context.artifacts.manifest(context.target, context.facts.arch, context.signal);
  const wanted = manifest.files.filter(
    (file) => file.role === 'image' && file.neededBy.includes(manifestRole(context)),
  );
  const listed = await context.host.run([ctr, ...namespace, 'images', 'ls', '-q'], { timeoutMs: 30_000 });
  if (listed.exitCode !== 0) {
    throw new FlotillaError('RUNTIME_FAILED', `containerd did not list its images: ${lastLine(listed.stderr)}`, {
      kind: 'unavailable',
      remedy: 'Look at: journalctl -u containerd -n 50',
    });
  }
  const present = new Set(listed.stdout.split('\n'));
  return wanted.filter(({ image }) => image !== undefined && !present.has(image));
}

/** Every image a node needs goes in before anything runs, so no registry is ever asked. */
export const loadImages: Step = {
  name: 'load-images',
  phase: 'load-images',
  deadlineMs: 60 * 60_000,
  check: async (context) => ((await missingImages(context)).length === 0 ? 'done' : 'needed'),
  async apply(context) {
    const missing = await missingImages(context);
    const progress = progressOf(missing, context.progress);
    const dir = `${context.stateDir}/downloads`;
    await context.host.makeDir(dir, 0o700);
    // One image is imported while the next one is on its way: two waits become one.
    let importing: Promise<void> = Promise.resolve();
    try {
      for (const [index, file] of missing.entries()) {
        const path = `${dir}/${file.sha256}.tar`;
        await context.artifacts.obtain(file, path, 0o600, progress(index), context.signal);
        await importing;
        importing = importImage(context, path, file.image ?? '').then(() => context.host.remove(path));
        // It is awaited before the next one begins; until then a failure must not count as nobody's.
        importing.catch(() => undefined);
      }
    } finally {
      // Also when a download failed: nothing of ours goes on in the background.
      await importing;
    }
  },
};

async function importImage(context: StepContext, path: string, image: string): Promise<void> {
  const options = { timeoutMs: 10 * 60_000, signal: context.signal };
  // By ctr itself rather than through the transfer service: half the time (1.2 s against 0.6 s for kube-proxy).
  const result = await context.host.run([ctr, ...namespace, 'images', 'import', '--local', path], options);
  if (result.exitCode !== 0) {
    throw new FlotillaError('IMAGE_IMPORT_FAILED', `importing ${image}: ${lastLine(result.stderr)}`, {
      kind: 'unavailable',
      remedy: 'Look at: journalctl -u containerd -n 50, and at the free space of /var/lib/containerd.',
    });
  }
  // Pinned, so that the kubelet's image clean-up never removes what no registry could give back.
  await context.host.run([ctr, ...namespace, 'images', 'label', image, 'io.cri-containerd.pinned=pinned'], options);
}
