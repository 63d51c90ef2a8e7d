import { createHash } from 'node:crypto';
import { isIPv4 } from 'node:net';
import { invalidArgument, type FieldViolation } from '@flotilla/kit';
import type { JsonObject, KubeManifest } from '../objects.js';
import { cniConfPath, cniConfScript } from './cni-conf-script.js';

export interface FlannelOptions {
  /** Of the whole cluster, IPv4, as kubeadm was told: `10.244.0.0/16`. */
  readonly podCidr: string;
  /** With flanneld at /opt/bin/flanneld, and iptables, sh, mv and sleep in its PATH. */
  readonly image: string;
  /** Of the network between the nodes; pods get 50 bytes less. Without it: that of each node's interface. */
  readonly mtu?: number;
  /**
   * Where flanneld reaches the API server before kube-proxy has made its Service work. The name must be in the
   * certificate of the API server. Without it: the Service.
   */
  readonly apiServer?: { readonly host: string; readonly port: number };
}

export const flannelNamespace = 'kube-flannel';
export const flannelDaemonSet = 'kube-flannel-ds';

const labels = { app: 'flannel', 'app.kubernetes.io/managed-by': 'flotilla' };
const configName = 'kube-flannel-cfg';

/**
 * The pod network, in the order in which it is to be applied: flannel with VXLAN between nodes, and on each node the
 * ordinary CNI plugins bridge, host-local and portmap. INVALID_ARGUMENT names everything wrong with the options.
 */
export function flannelManifests(options: FlannelOptions): readonly KubeManifest[] {
  checkOptions(options);
  const data = configData(options);
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      // Host network and host paths, which only the privileged level allows.
      metadata: { name: flannelNamespace, labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'privileged' } },
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'flannel', namespace: flannelNamespace, labels } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name: 'flannel', labels },
      rules: [
        { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
        { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'flannel', labels },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'flannel' },
      subjects: [{ kind: 'ServiceAccount', name: 'flannel', namespace: flannelNamespace }],
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: configName, namespace: flannelNamespace, labels }, data },
    daemonSet(options, data),
  ];
}

function configData({ podCidr, mtu }: FlannelOptions): Readonly<Record<string, string>> {
  const backend = { Type: 'vxlan', ...(mtu === undefined ? {} : { MTU: mtu }) };
  return {
    'net-conf.json': JSON.stringify({ Network: podCidr, Backend: backend }),
    'cni-conf.sh': cniConfScript(podCidr),
  };
}

function daemonSet(options: FlannelOptions, data: Readonly<Record<string, string>>): KubeManifest {
  // A pod does not notice a changed ConfigMap; a changed template replaces it.
  const configHash = createHash('sha256').update(JSON.stringify(data)).digest('hex').slice(0, 16);
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: flannelDaemonSet, namespace: flannelNamespace, labels },
    spec: {
      selector: { matchLabels: { app: 'flannel' } },
      // Packets flow on while flanneld restarts, so several nodes at once do no harm.
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '10%' } },
      template: {
        metadata: { labels, annotations: { 'flotilla.dev/config-hash': configHash } },
        spec: {
          hostNetwork: true,
          priorityClassName: 'system-node-critical',
          serviceAccountName: 'flannel',
          nodeSelector: { 'kubernetes.io/os': 'linux' },
          // Nothing on a node works without it, so no taint keeps it away.
          tolerations: [{ operator: 'Exists' }],
          terminationGracePeriodSeconds: 5,
          securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
          containers: [flanneld(options), cniConf(options)],
          volumes: [
            { name: 'run', hostPath: { path: '/run/flannel', type: 'DirectoryOrCreate' } },
            { name: 'cni', hostPath: { path: '/etc/cni/net.d', type: 'DirectoryOrCreate' } },
            { name: 'xtables-lock', hostPath: { path: '/run/xtables.lock', type: 'FileOrCreate' } },
            { name: 'config', configMap: { name: configName } },
          ],
        },
      },
    },
  };
}

function flanneld({ image, apiServer }: FlannelOptions): JsonObject {
  const fromField = (name: string, fieldPath: string): JsonObject => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  const direct =
    apiServer === undefined
      ? []
      : [
          { name: 'KUBERNETES_SERVICE_HOST', value: apiServer.host },
          { name: 'KUBERNETES_SERVICE_PORT', value: String(apiServer.port) },
        ];
  return {
    name: 'flanneld',
    image,
    imagePullPolicy: 'IfNotPresent',
    // Its last lines are what an explanation of a failure repeats.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    command: ['/opt/bin/flanneld'],
    // The address the kubelet was told to use, so hosts with several interfaces need no guess.
    args: ['--ip-masq', '--kube-subnet-mgr', '--iface=$(NODE_IP)'],
    env: [fromField('NODE_NAME', 'spec.nodeName'), fromField('NODE_IP', 'status.hostIP'), ...direct],
    resources: { requests: { cpu: '50m', memory: '40Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
    },
    volumeMounts: [
      { name: 'run', mountPath: '/run/flannel' },
      { name: 'config', mountPath: '/etc/kube-flannel', readOnly: true },
      { name: 'xtables-lock', mountPath: '/run/xtables.lock' },
    ],
  };
}

function cniConf({ image }: FlannelOptions): JsonObject {
  return {
    name: 'cni-conf',
    image,
    imagePullPolicy: 'IfNotPresent',
    // Its last lines are what an explanation of a failure repeats.
    terminationMessagePolicy: 'FallbackToLogsOnError',
    command: ['/bin/sh', '/etc/kube-flannel/cni-conf.sh'],
    readinessProbe: { exec: { command: ['/bin/sh', '-c', `test -s ${cniConfPath}`] }, periodSeconds: 5 },
    resources: { requests: { cpu: '5m', memory: '4Mi' }, limits: { memory: '32Mi' } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    volumeMounts: [
      { name: 'run', mountPath: '/run/flannel', readOnly: true },
      { name: 'cni', mountPath: '/etc/cni/net.d' },
      { name: 'config', mountPath: '/etc/kube-flannel', readOnly: true },
    ],
  };
}

function checkOptions({ podCidr, image, mtu, apiServer }: FlannelOptions): void {
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string): void => void violations.push({ field, description });
  const [address = '', prefix = ''] = podCidr.split('/');
  // Both end up in a script: nothing but an address and a number may pass.
  if (
    !isIPv4(address) ||
    !/^\d{1,2}$/.test(prefix) ||
    Number(prefix) < 8 ||
    Number(prefix) > 24 ||
    podCidr !== `${address}/${prefix}`
  ) {
    refuse('podCidr', 'must be an IPv4 network of 8 to 24 bits, such as 10.244.0.0/16');
  }
  if (!/^[a-z0-9][a-z0-9.:/_@-]{0,254}$/i.test(image)) refuse('image', 'must be the reference of an image');
  if (mtu !== undefined && !(Number.isInteger(mtu) && mtu >= 1280 && mtu <= 65_535))
    refuse('mtu', 'must be 1280 to 65535');
  if (apiServer !== undefined && !/^[a-z0-9.:-]{1,253}$/i.test(apiServer.host))
    refuse('apiServer.host', 'must be a name or an address');
  if (
    apiServer !== undefined &&
    !(Number.isInteger(apiServer.port) && apiServer.port >= 1 && apiServer.port <= 65_535)
  ) {
    refuse('apiServer.port', 'must be 1 to 65535');
  }
  if (violations.length > 0) throw invalidArgument(violations);
}
