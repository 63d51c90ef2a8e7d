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
