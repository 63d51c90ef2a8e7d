import { FlotillaError } from '@flotilla/kit';
import type { Host } from '../../host/host.js';
import { readUnit, systemctl, unmaskUnit } from '../../host/units.js';
import { paths } from '../../host/paths.js';
import type { Step, StepContext } from '../step.js';

const unitPath = `${paths.units}/containerd.service`;

export interface RuntimeConfig {
  readonly pauseImage: string;
  /** Only for hosts that may not lower oom_score_adj (containers without CAP_SYS_RESOURCE). */
  readonly restrictOomScoreAdj: boolean;
}

/** config.toml of containerd 2.x. What it does not say stays at containerd's default. */
export function containerdConfig({ pauseImage, restrictOomScoreAdj }: RuntimeConfig): string {
  const restrict = restrictOomScoreAdj ? '  restrict_oom_score_adj = true\n' : '';
  return `# Written by flotilla-agent; removed by flotilla-agent leave.
version = 3
root = '${paths.containerd}'
state = '${paths.containerdRun}'

[grpc]
  address = '${paths.containerdSocket}'

[plugins.'io.containerd.nri.v1.nri']
  disable = true

[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = '${pauseImage}'

[plugins.'io.containerd.cri.v1.runtime']
${restrict}  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = '${paths.programs}/runc'
        SystemdCgroup = true
`;
}

/** Containers outlive a restart of containerd: KillMode=process. */
export const containerdUnit = `# Written by flotilla-agent; removed by flotilla-agent leave.
[Unit]
Description=containerd container runtime
Documentation=https://containerd.io
After=network.target dbus.service

[Service]
Type=notify
ExecStart=${paths.programs}/containerd --config ${paths.containerdConfig}
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`;

/** Tries what runc will have to do: lower an oom_score_adj. Puts the old value back. */
export async function mayLowerOomScore(host: Host): Promise<boolean> {
  const path = '/proc/self/oom_score_adj';
  const before = (await host.read(path))?.trim() ?? '0';
  try {
    await host.writeDirect(path, String(Math.max(-1000, Number(before) - 1)));
    await host.writeDirect(path, before);
    return true;
  } catch (error) {
    if (error instanceof FlotillaError) return false;
    throw error;
  }
}

async function wantedConfig(context: StepContext): Promise<string> {
  const manifest = await context.artifacts.manifest(context.target, context.facts.arch, context.signal);
  return containerdConfig({
    pauseImage: manifest.pauseImage,
    restrictOomScoreAdj: !(await mayLowerOomScore(context.host)),
  });
}

export const configureRuntime: Step = {
  name: 'configure-runtime',
  phase: 'install-runtime',
  deadlineMs: 60_000,
  async check(context) {
    const config = await context.host.read(paths.containerdConfig);
    const unit = await context.host.read(unitPath);
    return config === (await wantedConfig(context)) && unit === containerdUnit ? 'done' : 'needed';
  },
  async apply(context) {
    await unmaskUnit(context.host, 'containerd.service');
    await context.changes.writeFile(paths.containerdConfig, await wantedConfig(context), 0o644);
    await context.changes.writeFile(unitPath, containerdUnit, 0o644);
    await systemctl(context.host, 'daemon-reload');
    // Running with the old configuration: the next step must not find it done.
    if ((await readUnit(context.host, 'containerd.service')).active)
      await systemctl(context.host, 'restart', 'containerd.service');
  },
};

export const runRuntime: Step = {
  name: 'run-runtime',
  phase: 'install-runtime',
  deadlineMs: 120_000,
  async check({ host }) {
    const unit = await readUnit(host, 'containerd.service');
    if (!unit.active || !unit.enabled) return 'needed';
    return (await runtimeAnswers(host)) ? 'done' : 'needed';
  },
  async apply({ host, changes }) {
    await changes.noteUnit('containerd.service');
    await systemctl(host, 'enable', 'containerd.service');
    await systemctl(host, 'start', 'containerd.service');
  },
};

/** Whether containerd answers on its socket. */
export async function runtimeAnswers(host: Host): Promise<boolean> {
  const result = await host.run([`${paths.programs}/ctr`, '--connect-timeout', '5s', 'version'], { timeoutMs: 10_000 });
  return result.exitCode === 0;
}
