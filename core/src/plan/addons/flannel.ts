import type { Manifest } from './manifest.js';

export interface FlannelWish {
  readonly podCidr: string;
  readonly image: string;
}

const namespace = 'kube-flannel';
const name = 'kube-flannel-ds';
const labels = { app: 'flannel', tier: 'node' } as const;

/**
 * Flannel with VXLAN: routes between nodes. The bridge inside a node is made by the CNI configuration that the node's
 * agent gives containerd (bridge + host-local over the node's pod CIDR), so that no program is copied onto the host.
 */
export function flannelManifests({ podCidr, image }: FlannelWish): Manifest[] {
  const network = { Network: podCidr, EnableIPv4: true, EnableIPv6: false, Backend: { Type: 'vxlan' } };
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace, labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'flannel', namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'flannel' },
      rules: [
        { apiGroups: [''], resources: ['pods'], verbs: ['get'] },
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'flannel' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flannel' },
      subjects: [{ kind: 'ServiceAccount', name: 'flannel', namespace }],
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-flannel-cfg', namespace, labels },
      data: { 'net-conf.json': JSON.stringify(network, null, 2) },
    },
    daemonSet(image),
  ];
}

function daemonSet(image: string): Manifest {
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace, labels },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          serviceAccountName: 'flannel',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          // Without it a node never becomes Ready, so it runs whatever the node's taints are.
          tolerations: [{ operator: 'Exists' }],
          containers: [container(image)],
          volumes: [
            { name: 'run', hostPath: { path: '/run/flannel', type: 'DirectoryOrCreate' } },
            { name: 'config', configMap: { name: 'kube-flannel-cfg' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
          ],
        },
      },
    },
  };
}

function container(image: string) {
  const field = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: 'kube-flannel',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/opt/bin/flanneld'],
    args: ['--ip-masq', '--kube-subnet-mgr', '--net-config-path=/etc/kube-flannel/net-conf.json'],
    resources: { requests: { cpu: '50m', memory: '50Mi' } },
    securityContext: { privileged: false, capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
    env: [
      { name: 'POD_NAME', ...field('metadata.name') },
      { name: 'POD_NAMESPACE', ...field('metadata.namespace') },
      { name: 'EVENT_QUEUE_DEPTH', value: '5000' },
    ],
    volumeMounts: [
      { name: 'run', mountPath: '/run/flannel' },
      { name: 'config', mountPath: '/etc/kube-flannel' },
      { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
    ],
  };
}
