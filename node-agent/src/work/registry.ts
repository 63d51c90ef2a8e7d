import { installRuntime, installKubernetes } from '../steps/install/binaries.js';
import { configureKubelet } from '../steps/install/kubelet.js';
import { loadImages } from '../steps/install/images.js';
import { configureRuntime, runRuntime } from '../steps/install/runtime.js';
import { kubeadmInit } from '../steps/init/kubeadm-init.js';
import { signClient } from '../steps/init/sign-client.js';
import { kubeadmJoin } from '../steps/join/kubeadm-join.js';
import { endIsolation, isolate } from '../steps/isolate/isolate.js';
import { leaveEtcd } from '../steps/leave/etcd.js';
import { leaveNetwork } from '../steps/leave/network.js';
import { leaveProve } from '../steps/leave/prove.js';
import { leaveReset, leaveStopContainers, leaveStopKubelet, leaveUnmount } from '../steps/leave/stop.js';
import { leaveUndo } from '../steps/leave/undo.js';
import { kubeletFiles } from '../steps/maintain/kubelet-files.js';
import { kubeletSettings } from '../steps/maintain/kubelet-settings.js';
import { uploadCertificates } from '../steps/maintain/upload-certificates.js';
import { preflight } from '../steps/preflight/preflight.js';
import { claimDirectories } from '../steps/prepare-host/claim-directories.js';
import { hostsEntry } from '../steps/prepare-host/hosts-entry.js';
import { loadModules } from '../steps/prepare-host/load-modules.js';
import { noteOthers } from '../steps/prepare-host/note-others.js';
import { setSysctls } from '../steps/prepare-host/set-sysctls.js';
import { refuseVersionChange } from '../steps/refuse-version-change.js';
import type { Step } from '../steps/step.js';

/** Every step there is, by name. A derived list holds names only, so it is plain data. */
export const steps = {
  preflight,
  'claim-directories': claimDirectories,
  'load-modules': loadModules,
  'set-sysctls': setSysctls,
  'hosts-entry': hostsEntry,
  'note-others': noteOthers,
  'install-runtime': installRuntime,
  'configure-runtime': configureRuntime,
  'run-runtime': runRuntime,
  'install-kubernetes': installKubernetes,
  'configure-kubelet': configureKubelet,
  'load-images': loadImages,
  'kubeadm-init': kubeadmInit,
  'sign-client': signClient,
  'kubeadm-join': kubeadmJoin,
  'kubelet-files': kubeletFiles,
  'kubelet-settings': kubeletSettings,
  'upload-certificates': uploadCertificates,
  'refuse-version-change': refuseVersionChange,
  isolate,
  'end-isolation': endIsolation,
  'leave-etcd': leaveEtcd,
  'leave-stop-kubelet': leaveStopKubelet,
  'leave-reset': leaveReset,
  'leave-stop-containers': leaveStopContainers,
  'leave-unmount': leaveUnmount,
  'leave-network': leaveNetwork,
  'leave-undo': leaveUndo,
  'leave-prove': leaveProve,
} as const satisfies Readonly<Record<string, Step>>;

export type StepName = keyof typeof steps;
export type StepRegistry = Readonly<Record<StepName, Step>>;
