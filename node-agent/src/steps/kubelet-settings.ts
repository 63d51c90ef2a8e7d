import { createHash } from 'node:crypto';
import type { KubeletSettings, MachineTarget } from '@flotilla/proto';
import { paths } from '../host/paths.js';
import type { StepContext } from './step.js';

/** Read by the kubelet after its own file (`--config-dir`), and wholly ours: what kubeadm writes stays as it wrote it. */
export const settingsDir = `${paths.etcKubernetes}/kubelet.conf.d`;
export const settingsFile = `${settingsDir}/50-flotilla-pool.conf`;

/** One that is given takes the kubelet's own defaults for the others away, so they are written with it. */
const evictionDefaults: Readonly<Record<string, string>> = {
  'memory.available': '100Mi',
  'nodefs.available': '10%',
  'nodefs.inodesFree': '5%',
  'imagefs.available': '15%',
  'imagefs.inodesFree': '5%',
};

function sorted(map: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(map).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** The pool's kubelet settings as the kubelet reads them; the same settings give the same text. */
export function settingsText(settings: KubeletSettings | undefined): string {
  const { maxPods = 0, systemReserved = {}, kubeReserved = {}, evictionHard = {} } = settings ?? {};
  const filled = (map: Readonly<Record<string, string>>): boolean => Object.keys(map).length > 0;
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    ...(maxPods === 0 ? {} : { maxPods }),
    ...(filled(systemReserved) ? { systemReserved: sorted(systemReserved) } : {}),
    ...(filled(kubeReserved) ? { kubeReserved: sorted(kubeReserved) } : {}),
    ...(filled(evictionHard) ? { evictionHard: sorted({ ...evictionDefaults, ...evictionHard }) } : {}),
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

/** What is known of the settings that the running kubelet has. */
export interface SettingsRecord {
  /** sha256 (hex) of the text that the kubelet was last started with. */
  readonly appliedSha256: string;
  /** Revision of the pool's template that asked for it. */
  readonly templateRevision: number;
  /** A text that the kubelet would not run with, and the generation that asked for it. */
  readonly refused?: { readonly sha256: string; readonly generation: string; readonly why: string };
}

function recordPath(stateDir: string): string {
  return `${stateDir}/kubelet-settings.json`;
}

export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

type Place = Pick<StepContext, 'host' | 'stateDir'>;

export async function readSettingsRecord({ host, stateDir }: Place): Promise<SettingsRecord | undefined> {
  const text = await host.read(recordPath(stateDir));
  return text === undefined ? undefined : (JSON.parse(text) as SettingsRecord); // written by writeSettingsRecord only
}

export async function writeSettingsRecord({ host, stateDir }: Place, record: SettingsRecord): Promise<void> {
  await host.writeAtomic(recordPath(stateDir), `${JSON.stringify(record)}\n`, 0o600);
}

export async function forgetSettingsRecord({ host, stateDir }: Place): Promise<void> {
  await host.remove(recordPath(stateDir));
}

/** A person asks again: what the kubelet refused is tried once more. */
export async function forgetRefusal(place: Place): Promise<void> {
  const record = await readSettingsRecord(place);
  if (record?.refused === undefined) return;
  const { appliedSha256, templateRevision } = record;
  await writeSettingsRecord(place, { appliedSha256, templateRevision });
}

/** Before kubeadm starts the kubelet: it starts with these settings at once. */
export async function putSettings({ host, target }: Pick<StepContext, 'host' | 'target'>): Promise<void> {
  await host.makeDir(settingsDir, 0o755);
  await host.writeAtomic(settingsFile, settingsText(target.kubelet), 0o644);
}

/** kubeadm has started the kubelet with the settings of this target. */
export async function noteSettings(context: Pick<StepContext, 'host' | 'stateDir' | 'target'>): Promise<void> {
  await writeSettingsRecord(context, settledRecord(context.target));
}

export function settledRecord(target: MachineTarget): SettingsRecord {
  return {
    appliedSha256: sha256Of(settingsText(target.kubelet)),
    templateRevision: Number(target.templateRevision),
  };
}
