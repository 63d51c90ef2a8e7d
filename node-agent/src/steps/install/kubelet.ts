import { readUnit, systemctl, unmaskUnit } from '../../host/units.js';
import { paths } from '../../host/paths.js';
import { putSettings, settingsDir } from '../kubelet-settings.js';
import type { Step } from '../step.js';

const unitPath = `${paths.units}/kubelet.service`;
const dropInPath = `${paths.units}/kubelet.service.d/10-kubeadm.conf`;

export const kubeletUnit = `# Written by flotilla-agent; removed by flotilla-agent leave.
[Unit]
Description=kubelet: the Kubernetes node agent
Documentation=https://kubernetes.io/docs/
Wants=containerd.service
After=network-online.target containerd.service

[Service]
ExecStart=${paths.programs}/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10
KillMode=process
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
`;

/** The drop-in kubeadm documents: it tells the kubelet where kubeadm puts its files. */
export const kubeadmDropIn = `# Written by flotilla-agent; removed by flotilla-agent leave.
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=${paths.etcKubernetes}/bootstrap-kubelet.conf --kubeconfig=${paths.etcKubernetes}/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=${paths.kubelet}/config.yaml --config-dir=${settingsDir}"
EnvironmentFile=-${paths.kubelet}/kubeadm-flags.env
ExecStart=
ExecStart=${paths.programs}/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS
`;

/** The unit is enabled here and started by kubeadm, once it has written the configuration. */
export const configureKubelet: Step = {
  name: 'configure-kubelet',
  phase: 'install-kubernetes',
  deadlineMs: 60_000,
  async check({ host }) {
    const same = (await host.read(unitPath)) === kubeletUnit && (await host.read(dropInPath)) === kubeadmDropIn;
    if (!same || !(await host.exists(settingsDir))) return 'needed';
    return (await readUnit(host, 'kubelet.service')).enabled ? 'done' : 'needed';
  },
  async apply(context) {
    const { host, changes } = context;
    await unmaskUnit(host, 'kubelet.service');
    // The kubelet does not start without the directory it is told to look into.
    if (!(await host.exists(settingsDir))) await putSettings(context);
    await changes.writeFile(unitPath, kubeletUnit, 0o644);
    await changes.writeFile(dropInPath, kubeadmDropIn, 0o644);
    await systemctl(host, 'daemon-reload');
    // Noted after its files, so that leaving disables the unit while systemd still knows it.
    await changes.noteUnit('kubelet.service');
    await systemctl(host, 'enable', 'kubelet.service');
  },
};
