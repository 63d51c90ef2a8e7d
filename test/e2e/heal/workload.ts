/** Pods that need nothing and do nothing, one for each worker; they leave a silent node after five seconds. */
export function workload(replicas: number): string {
  const tolerations = ['not-ready', 'unreachable'].map(
    (what) => `      - {key: node.kubernetes.io/${what}, operator: Exists, effect: NoExecute, tolerationSeconds: 5}`,
  );
  return `apiVersion: apps/v1
kind: Deployment
metadata: {name: steady}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: steady}}
  template:
    metadata: {labels: {app: steady}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations:
${tolerations.join('\n')}
      containers:
      - {name: pause, image: registry.k8s.io/pause:3.10.1, imagePullPolicy: IfNotPresent}
`;
}
