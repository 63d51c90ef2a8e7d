import { afterAll, beforeAll } from 'vitest';
import { systemClock, systemRandom } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from './client.js';
import { kubeClientConformance } from './contract.conformance.js';
import { FakeApiServer } from './fake/index.js';

let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeAll(async () => {
  fake = await FakeApiServer.start();
  // As on a real API server, a pod on a node stays until its kubelet, which is not there, says that it ended.
  fake.lingerPods();
  fake.serveKind({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    plural: 'priorityclasses',
    namespaced: false,
  });
  client = createKubeClient(fake.endpoint(), { clock: systemClock, random: systemRandom });
});

afterAll(async () => {
  client.close();
  await fake.stop();
});

kubeClientConformance('on the fake API server', () => ({ client, bare: true }));
