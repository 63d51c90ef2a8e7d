import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, SimClock } from '@flotilla/kit';
import { createKubeClient, type ClosableKubeClient } from '../client.js';
import { FakeApiServer } from '../fake/index.js';
import type { KubeManifest } from '../objects.js';
import { applyManifests, applyStages } from './apply.js';
import { fakeCalicoImages, fakeCalicoText } from './fake-upstream-text.js';
import { renderCni } from './render.js';

let fake: FakeApiServer;
let client: ClosableKubeClient;

beforeEach(async () => {
  fake = await FakeApiServer.start();
  client = createKubeClient(fake.endpoint(), { clock: new SimClock(), random: seededRandom(1) });
});
afterEach(async () => {
  client.close();
  await fake.stop();
});

const calico = renderCni('CALICO', fakeCalicoText, { podCidr: '10.244.0.0/16', images: fakeCalicoImages });
const object = (kind: string, apiVersion = 'v1', more: object = {}): KubeManifest => ({
  apiVersion,
  kind,
  metadata: { name: 'x' },
  ...more,
});

test('whatever the order is, everything comes after what it needs', () => {
  const definition = object('CustomResourceDefinition', 'apiextensions.k8s.io/v1', { spec: { group: 'g.io' } });
  const mixed = [
    object('ValidatingWebhookConfiguration', 'admissionregistration.k8s.io/v1'),
    object('Thing', 'g.io/v1'),
    object('DaemonSet', 'apps/v1'),
    object('ConfigMap'),
    object('Role', 'rbac.authorization.k8s.io/v1'),
    definition,
    object('Namespace'),
    object('Other', 'elsewhere.io/v1'),
  ];
  expect(applyStages(mixed).map((stage) => stage.map(({ kind }) => kind))).toEqual([
    ['Namespace'],
    ['CustomResourceDefinition'],
    ['Role'],
    ['ConfigMap', 'Other'],
    ['DaemonSet'],
    ['ValidatingWebhookConfiguration'],
    ['Thing'],
  ]);
});

test('objects of a kind wait until the kind is served, and the next call goes on', async () => {
  fake.customKinds.hold = true;
  const waiting = { kind: 'waiting', kinds: ['ippools.crd.projectcalico.org'] };
  expect(await applyManifests(client, calico)).toEqual(waiting);
  expect(fake.find('apps/v1', 'DaemonSet', 'calico-node', 'kube-system')).toBeUndefined();
  fake.customKinds.establish();
  expect(await applyManifests(client, calico)).toEqual({ kind: 'applied' });
  expect(fake.find('crd.projectcalico.org/v1', 'IPPool', 'default')).toBeDefined();
  expect(await applyManifests(client, calico)).toEqual({ kind: 'applied' });
});

test('a failure in the middle is the caller’s, and nothing of later stages is there', async () => {
  fake.fail({ method: 'PATCH', path: /configmaps/, fault: { kind: 'refuse', status: 500 } });
  await expect(applyManifests(client, calico)).rejects.toMatchObject({ code: 'KUBE_SERVER_ERROR' });
  expect(fake.find('apps/v1', 'DaemonSet', 'calico-node', 'kube-system')).toBeUndefined();
});
