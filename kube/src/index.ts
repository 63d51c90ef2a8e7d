export * from './objects.js';
export * from './contract.js';
export { createKubeClient, type ClosableKubeClient, type KubeClientPorts } from './client.js';
export { defaultLimits, type KubeEndpoint, type TransportLimits } from './transport.js';
export { setCordoned, setNodeMarks, setNodeTaints, type NodeRef } from './node-acts.js';
export {
  bootstrapTokenManifest,
  bootstrapTokenTtlMsMax,
  createBootstrapToken,
  deleteBootstrapToken,
  formatBootstrapToken,
  kubeadmGroup,
  newBootstrapToken,
  type BootstrapToken,
  type BootstrapTokenOptions,
} from './bootstrap-token.js';
export {
  ClusterView,
  WatchView,
  type ClusterChange,
  type Sighting,
  type ViewChange,
  type WatchState,
} from './watch-view.js';
export { flannelDaemonSet, flannelManifests, flannelNamespace, type FlannelOptions } from './manifests/flannel.js';
export { connectionOf, parseKubeconfig } from './external/kubeconfig.js';
export type { Kubeconfig, KubeconfigProblem, KubeconfigResult, KubeconfigUser } from './external/kubeconfig-types.js';
export { checkRights, describeRight, neededRights, type NeededRight } from './external/rights.js';
export {
  caCertHashes,
  externalClusterFacts,
  type ExternalClusterFacts,
  type MissingForJoin,
} from './external/facts.js';
export { cniEncapsulations, type CniEncapsulation, type CniName, type CniSettings } from './cni/settings.js';
export { cniViolations, encapsulationsOf, flannelImageKey, renderCni } from './cni/render.js';
export { manifestImages, parseManifests } from './cni/manifest-text.js';
export { applyManifests, applyStages, type ApplyProgress } from './cni/apply.js';
export { diagnoseCni, type CniDiagnosis, type DiagnoseOptions } from './cni/diagnose.js';
export { cniProblemKinds, type CniProblem, type CniProblemKind } from './cni/problem.js';
export { describeBlocker, type BlockerFacts, type DrainBlocker } from './drain/blocker.js';
export { forceDelete, type ForceOptions } from './drain/force.js';
