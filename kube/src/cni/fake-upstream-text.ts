/** Manifests with the objects and fields that upstream's have, and nothing else of them. */

const fakeDefinition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: ippools.crd.projectcalico.org, creationTimestamp: null}
spec:
  group: crd.projectcalico.org
  scope: Cluster
  names: {kind: IPPool, plural: ippools}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
status: {conditions: []}
`;

export const fakeCalicoText = `apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  template:
    spec:
      initContainers:
        - {name: upgrade-ipam, image: 'docker.io/calico/cni:v3.99.0', envFrom: [{configMapRef: {name: kubernetes-services-endpoint, optional: true}}]}
        - {name: install-cni, image: 'docker.io/calico/cni:v3.99.0', envFrom: [{configMapRef: {name: kubernetes-services-endpoint, optional: true}}]}
      containers:
        - name: calico-node
          image: docker.io/calico/node:v3.99.0
          imagePullPolicy: Always
          envFrom: [{configMapRef: {name: kubernetes-services-endpoint, optional: true}}]
          env:
            - {name: CLUSTER_TYPE, value: 'k8s,bgp'}
            - {name: IP, value: autodetect}
            - {name: CALICO_IPV4POOL_IPIP, value: Always}
            - {name: CALICO_IPV4POOL_VXLAN, value: Never}
          livenessProbe: {exec: {command: [/bin/calico-node, -felix-live, -bird-live]}}
          readinessProbe: {exec: {command: [/bin/calico-node, -felix-ready, -bird-ready]}}
---
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: default}
spec: {}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: calico-config, namespace: kube-system}
data: {calico_backend: bird, veth_mtu: '0'}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: calico-node, namespace: kube-system}
---
${fakeDefinition}`;

export const fakeCalicoImages = {
  'docker.io/calico/cni:v3.99.0': 'docker.io/calico/cni:v3.99.0',
  'docker.io/calico/node:v3.99.0': 'docker.io/calico/node:v3.99.0',
};

const digest = 'sha256:'.padEnd(71, 'a');

export const fakeCiliumText = `apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data:
  ipam: cluster-pool
  cluster-pool-ipv4-cidr: 10.0.0.0/8
  cluster-pool-ipv4-mask-size: '24'
  routing-mode: tunnel
  tunnel-protocol: vxlan
  auto-direct-node-routes: 'false'
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: cilium, namespace: kube-system}
spec:
  template:
    spec:
      initContainers: [{name: config, image: 'quay.io/cilium/cilium:v1.99.0@${digest}', env: []}]
      containers: [{name: cilium-agent, image: 'quay.io/cilium/cilium:v1.99.0@${digest}'}]
      volumes: [{name: tls, projected: {defaultMode: 0400}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cilium-operator, namespace: kube-system}
spec: {template: {spec: {containers: [{name: cilium-operator, image: 'quay.io/cilium/operator-generic:v1.99.0'}]}}}
`;

export const fakeCiliumImages = {
  [`quay.io/cilium/cilium:v1.99.0@${digest}`]: 'quay.io/cilium/cilium:v1.99.0',
  'quay.io/cilium/operator-generic:v1.99.0': 'quay.io/cilium/operator-generic:v1.99.0',
};
