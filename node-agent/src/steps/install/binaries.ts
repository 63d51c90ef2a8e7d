import { MachineRole } from '@flotilla/proto';
import { binDir, paths, runtimePrograms } from '../../host/paths.js';
import type { Step, StepContext } from '../step.js';
import { progressOf } from './artifacts.js';
import type { ArtifactFile } from './manifest.js';

const binaryMode = 0o755;

export function manifestRole(context: StepContext): 'control-plane' | 'worker' {
  return context.target.role === MachineRole.CONTROL_PLANE ? 'control-plane' : 'worker';
}

async function wantedFiles(
  context: StepContext,
  belongs: (file: ArtifactFile) => boolean,
): Promise<readonly ArtifactFile[]> {
  const manifest = await context.artifacts.manifest(context.target, context.facts.arch, context.signal);
  return manifest.files.filter(
    (file) => file.role === 'binary' && file.neededBy.includes(manifestRole(context)) && belongs(file),
  );
}

function pathOf(file: ArtifactFile, version: string): string {
  return file.install === 'cni-bin' ? `${paths.cniPlugins}/${file.name}` : `${binDir(version)}/${file.name}`;
}

/** Says which digest each installed file was verified against, so that a check need not hash 400 MB each minute. */
function markerPath(version: string, name: string): string {
  return `${paths.kubernetes}/${version}/verified/${name}`;
}

async function inPlace(context: StepContext, file: ArtifactFile): Promise<boolean> {
  const version = context.target.kubernetesVersion;
  const stat = await context.host.stat(pathOf(file, version));
  if (stat?.kind !== 'file' || stat.sizeBytes !== file.sizeBytes || stat.mode !== binaryMode) return false;
  if ((await context.host.read(markerPath(version, file.name)))?.trim() !== file.sha256) return false;
  if (file.install === 'cni-bin') return true;
  return (await context.host.readLink(`${paths.programs}/${file.name}`)) === pathOf(file, version);
}

async function missingFiles(
  context: StepContext,
  belongs: (file: ArtifactFile) => boolean,
): Promise<readonly ArtifactFile[]> {
  const missing: ArtifactFile[] = [];
  for (const file of await wantedFiles(context, belongs)) if (!(await inPlace(context, file))) missing.push(file);
  return missing;
}

/** Downloads what is missing, verified, into a directory of its version; a link in /usr/local/bin points to it. */
async function install(context: StepContext, belongs: (file: ArtifactFile) => boolean): Promise<void> {
  const version = context.target.kubernetesVersion;
  const missing = await missingFiles(context, belongs);
  const progress = progressOf(missing, context.progress);
  await context.host.makeDir(binDir(version), 0o755);
  await context.host.makeDir(`${paths.kubernetes}/${version}/verified`, 0o755);
  for (const [index, file] of missing.entries()) {
    const path = pathOf(file, version);
    const verified = (await context.host.read(markerPath(version, file.name)))?.trim() === file.sha256;
    const stat = await context.host.stat(path);
    if (!verified || stat?.sizeBytes !== file.sizeBytes || stat.mode !== binaryMode) {
      await context.artifacts.obtain(file, path, binaryMode, progress(index), context.signal);
      await context.host.writeAtomic(markerPath(version, file.name), `${file.sha256}\n`, 0o644);
    }
    if (file.install === 'bin') await context.changes.symlink(`${paths.programs}/${file.name}`, path);
  }
}

function installStep(
  name: string,
  phase: 'install-runtime' | 'install-kubernetes',
  belongs: (file: ArtifactFile) => boolean,
): Step {
  return {
    name,
    phase,
    deadlineMs: 60 * 60_000,
    check: async (context) => ((await missingFiles(context, belongs)).length === 0 ? 'done' : 'needed'),
    apply: (context) => install(context, belongs),
  };
}

export const installRuntime = installStep('install-runtime', 'install-runtime', ({ name }) =>
  runtimePrograms.includes(name),
);
export const installKubernetes = installStep(
  'install-kubernetes',
  'install-kubernetes',
  ({ name }) => !runtimePrograms.includes(name),
);
