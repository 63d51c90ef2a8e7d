import { appImage } from './app-image.js';

export const appNodePort = 30080;

/** Two replicas, one on each worker, and a Service that each node answers for. JSON, which kubectl takes as well. */
export function appManifest(): string {
  const labels = { app: 'hello' };
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'hello', labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          topologySpreadConstraints: [
            {
              maxSkew: 1,
              topologyKey: 'kubernetes.io/hostname',
              whenUnsatisfiable: 'DoNotSchedule',
              labelSelector: { matchLabels: labels },
            },
          ],
          containers: [
            {
              name: 'hello',
              image: appImage,
              imagePullPolicy: 'Never',
              ports: [{ containerPort: 8080 }],
              env: [{ name: 'NODE_NAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } }],
              readinessProbe: { httpGet: { path: '/healthz', port: 8080 }, periodSeconds: 1 },
              resources: { requests: { cpu: '10m', memory: '48Mi' }, limits: { memory: '160Mi' } },
            },
          ],
        },
      },
    },
  };
  const service = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'hello' },
    // Each worker answers with its own pod, so that both are seen.
    spec: {
      type: 'NodePort',
      externalTrafficPolicy: 'Local',
      selector: labels,
      ports: [{ port: 80, targetPort: 8080, nodePort: appNodePort }],
    },
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [deployment, service] });
}
