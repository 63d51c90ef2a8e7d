import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeClient, KubeErrorCode } from './contract.js';
import { fakeCertificateRequest } from './fake/certificate.js';
import { RecordingHandler } from './fake/recording-handler.js';
import { applyManifests } from './cni/apply.js';
import { podConformance } from './drain/pods.conformance.js';
import { checkRights } from './external/rights.js';
import { setCordoned, setNodeMarks, setNodeTaints } from './node-acts.js';
import { createBootstrapToken, deleteBootstrapToken, newBootstrapToken } from './bootstrap-token.js';
import { systemClock, systemRandom } from '@flotilla/kit';
import type { JsonObject, KubeConfigMap, KubeManifest, KubeNode } from './objects.js';

export interface ConformanceSubject {
  readonly client: KubeClient;
  /** Nothing but an API server runs: no controller repairs what the suite arranges. */
  readonly bare: boolean;
}

/** What every {@link KubeClient} over every API server must do. Leaves nothing behind but its namespace's remains. */
export function kubeClientConformance(name: string, connect: () => ConformanceSubject): void {
  describe(`contract of the Kubernetes client: ${name}`, () => {
    const run = randomUUID().slice(0, 8);
    const namespace = `conformance-${run}`;
    let subject: ConformanceSubject;
    let client: KubeClient;

    beforeAll(async () => {
      subject = connect();
      client = subject.client;
      const created: KubeManifest = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
      await client.applySsa(created, { fieldManager: 'flotilla', force: false });
    });

    afterAll(async () => {
      for (const pod of await client.listAll('pods', { namespace })) {
        await client.delete('pods', pod.meta, { gracePeriodSeconds: 0 });
      }
      for (const node of await client.listAll('nodes', { labelSelector: `conformance=${run}` })) {
        await client.delete('nodes', { name: node.meta.name });
      }
    });

    const configMap = (
      mapName: string,
      data: Record<string, string> = {},
      labels: Record<string, string> = {},
    ): KubeManifest => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: mapName, namespace, labels },
      data,
    });

    test('tells version and readiness', async () => {
      const version = await client.version();
      expect(version.gitVersion).toMatch(new RegExp(`^v${version.major}\\.${version.minor}\\.`));
      expect(await client.readyz()).toEqual({ ready: true });
    });

    test('creates, reads and deletes once', async () => {
      const created = await client.create('configmaps', configMap('one', { a: '1' }));
      expect(created.meta).toMatchObject({ name: 'one', namespace });
      expect(created.meta.uid).not.toBe('');
      expect((await client.get('configmaps', { namespace, name: 'one' }))?.data).toEqual({ a: '1' });
      await expect(client.create('configmaps', configMap('one'))).rejects.toMatchObject(failure('KUBE_ALREADY_EXISTS'));
      await expect(client.delete('configmaps', created.meta, { uid: randomUUID() })).rejects.toMatchObject(
        failure('KUBE_CONFLICT'),
      );
      expect(await client.delete('configmaps', created.meta, { uid: created.meta.uid })).toBe('deleted');
      expect(await client.delete('configmaps', created.meta)).toBe('absent');
      expect(await client.get('configmaps', { namespace, name: 'one' })).toBeUndefined();
    });

    test('refuses an object that Kubernetes refuses, saying why', async () => {
      const missing = { ...configMap('x'), metadata: { name: 'x', namespace: `${namespace}-none` } };
      await expect(client.create('configmaps', missing)).rejects.toMatchObject(failure('KUBE_NOT_FOUND'));
    });

    test('lists by pages, by labels and by name', async () => {
      for (const i of [1, 2, 3, 4, 5])
        await client.create('configmaps', configMap(`page-${i}`, {}, { odd: String(i % 2 === 1) }));
      const first = await client.list('configmaps', { namespace, limit: 2, labelSelector: 'odd' });
      expect(first.items).toHaveLength(2);
      const second = await client.list('configmaps', {
        namespace,
        limit: 2,
        labelSelector: 'odd',
        continueFrom: first.continueFrom ?? '',
      });
      expect(second.items).toHaveLength(2);
      expect(namesOf([...first.items, ...second.items])).toEqual(['page-1', 'page-2', 'page-3', 'page-4']);
      expect(namesOf(await client.listAll('configmaps', { namespace, limit: 2, labelSelector: 'odd=true' }))).toEqual([
        'page-1',
        'page-3',
        'page-5',
      ]);
      expect(namesOf(await client.listAll('configmaps', { namespace, fieldSelector: 'metadata.name=page-2' }))).toEqual(
        ['page-2'],
      );
      await expect(client.list('configmaps', { fieldSelector: 'spec.nonsense=1' })).rejects.toMatchObject(
        failure('KUBE_INVALID'),
      );
    });

    test('watches from the list on: added, modified, deleted, and what leaves a selector', async () => {
      await client.create('configmaps', configMap('seen-before', {}, { watched: 'yes' }));
      const handler = new RecordingHandler<KubeConfigMap>();
      const stop = new AbortController();
      const watching = client.watchList('configmaps', handler, stop.signal, {
        namespace,
        labelSelector: 'watched=yes',
      });
      await handler.count(1);
      const at = { namespace, name: 'w' };
      await client.create('configmaps', configMap('w', { a: '1' }, { watched: 'yes' }));
      await client.patch('configmaps', at, 'merge', { data: { a: '2' } });
      await client.patch('configmaps', at, 'merge', { metadata: { labels: { watched: 'no' } } });
      await client.delete('configmaps', { namespace, name: 'seen-before' });
      await handler.count(5);
      stop.abort();
      await watching;
      expect(handler.heard).toEqual(['list seen-before', 'added w', 'modified w', 'deleted w', 'deleted seen-before']);
      expect(handler.objects[2]?.data).toEqual({ a: '2' });
    });

    test('applies server-side: creates, changes, removes its own, and quarrels only unforced', async () => {
      const options = { fieldManager: 'flotilla', force: false } as const;
      await client.applySsa(configMap('ssa', { mine: '1', gone: '1' }), options);
      await client.applySsa(configMap('ssa', { mine: '2' }), options);
      await client.patch('configmaps', { namespace, name: 'ssa' }, 'merge', { data: { theirs: 'x' } });
      expect((await client.get('configmaps', { namespace, name: 'ssa' }))?.data).toEqual({ mine: '2', theirs: 'x' });
      const contested = configMap('ssa', { mine: '2', theirs: 'y' });
      await expect(client.applySsa(contested, options)).rejects.toMatchObject(failure('KUBE_CONFLICT'));
      await client.applySsa(contested, { ...options, force: true });
      expect((await client.get('configmaps', { namespace, name: 'ssa' }))?.data).toEqual({ mine: '2', theirs: 'y' });
    });

    test('looks up kinds it does not know, and says which the cluster does not know', async () => {
      const options = { fieldManager: 'flotilla', force: true } as const;
      const priority: KubeManifest = {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: namespace },
        value: 7,
      };
      await client.applySsa(priority, options);
      await expect(client.applySsa({ ...priority, kind: 'Nonsense' }, options)).rejects.toMatchObject(
        failure('KUBE_UNKNOWN_KIND'),
      );
      await expect(client.applySsa({ ...priority, apiVersion: 'none.flotilla.dev/v1' }, options)).rejects.toMatchObject(
        failure('KUBE_UNKNOWN_KIND'),
      );
    });

    const makeNode = async (suffix: string): Promise<KubeNode> => {
      const metadata = { name: `${namespace}-${suffix}`, labels: { conformance: run } };
      return client.create('nodes', {
        apiVersion: 'v1',
        kind: 'Node',
        metadata,
        spec: { providerID: `flotilla://${suffix}` },
      });
    };

    test('cordons, labels and taints the node that was meant', async () => {
      const node = await makeNode('acts');
      expect(node.providerId).toBe('flotilla://acts');
      const ref = { name: node.meta.name, uid: node.meta.uid };
      expect((await setCordoned(client, ref, true)).unschedulable).toBe(true);
      expect((await setCordoned(client, ref, false)).unschedulable).toBe(false);
      const labelled = await setNodeMarks(client, ref, {
        labels: { pool: 'web', old: 'x' },
        annotations: { note: 'n' },
      });
      expect(labelled.meta.labels).toMatchObject({ pool: 'web', old: 'x', conformance: run });
      const relabelled = await setNodeMarks(client, ref, { labels: { old: null } });
      expect(relabelled.meta.labels).not.toHaveProperty('old');
      const taint = { key: 'flotilla.dev/repair', value: '', effect: 'NoSchedule' };
      const tainted = await setNodeTaints(client, relabelled, [...relabelled.taints, taint]);
      expect(tainted.taints).toContainEqual(taint);
      await expect(setNodeTaints(client, relabelled, [])).rejects.toMatchObject(failure('KUBE_CONFLICT'));
      await expect(setCordoned(client, { ...ref, uid: randomUUID() }, true)).rejects.toMatchObject(
        failure('KUBE_CONFLICT'),
      );
      await expect(setCordoned(client, { ...ref, name: `${namespace}-none` }, true)).rejects.toMatchObject(
        failure('KUBE_NOT_FOUND'),
      );
    });

    test('patches the status through its own door, merging conditions by type', async () => {
      const node = await makeNode('status');
      const condition = (type: string, status: string): JsonObject => ({
        type,
        status,
        reason: 'Test',
        message: '',
        lastTransitionTime: '2026-01-01T00:00:00Z',
      });
      const patch = (...conditions: readonly JsonObject[]): Promise<KubeNode> =>
        client.patch(
          'nodes',
          { name: node.meta.name },
          'strategic',
          { status: { conditions } },
          { subresource: 'status' },
        );
      await patch(condition('Ready', 'False'), condition('DiskPressure', 'False'));
      const patched = await patch(condition('Ready', 'True'));
      const seen = Object.fromEntries(patched.conditions.map(({ type, status }) => [type, status]));
      expect(seen).toMatchObject({ Ready: 'True', DiskPressure: 'False' });
      expect(patched.conditions[0]?.transitionAtMs).toBe(Date.UTC(2026, 0, 1));
    });

    test('reads heartbeats from leases', async () => {
      const spec = { holderIdentity: 'n1', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.123456Z' };
      const manifest = {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: `n1-${run}`, namespace: 'kube-node-lease' },
        spec,
      };
      const created = await client.create('leases', manifest);
      expect(created).toMatchObject({ holder: 'n1', durationSeconds: 40, renewedAtMs: Date.UTC(2026, 0, 1) + 123 });
      expect(await client.delete('leases', created.meta)).toBe('deleted');
    });

    test('requests and approves a certificate; the verdict holds for what was judged', async () => {
      const requestPem = fakeCertificateRequest({
        commonName: 'system:node:n1',
        organizations: ['system:nodes'],
        names: ['n1', '10.0.0.1'],
      });
      const ask = {
        requestPem,
        signerName: 'kubernetes.io/kubelet-serving',
        usages: ['digital signature', 'server auth'],
        expirationSeconds: 3600,
      };
      const csr = await client.createCsr({ name: `${namespace}-a`, ...ask });
      expect(csr).toMatchObject({ signerName: ask.signerName, usages: ask.usages, requestPem, conditions: [] });
      const verdict = {
        type: 'Approved',
        uid: csr.meta.uid,
        reason: 'FlotillaApproved',
        message: 'the node is known',
      } as const;
      await expect(client.approveCsr(csr.meta.name, { ...verdict, uid: randomUUID() })).rejects.toMatchObject(
        failure('KUBE_CONFLICT'),
      );
      const approved = await client.approveCsr(csr.meta.name, verdict);
      expect(approved.conditions).toMatchObject([{ type: 'Approved', status: 'True', reason: 'FlotillaApproved' }]);
      const again = await client.approveCsr(csr.meta.name, { ...verdict, reason: 'Twice' });
      expect(again.conditions).toMatchObject([{ type: 'Approved', reason: 'FlotillaApproved' }]);
      await expect(client.approveCsr(csr.meta.name, { ...verdict, type: 'Denied' })).rejects.toMatchObject(
        failure('KUBE_CONFLICT'),
      );
      expect(await client.delete('certificatesigningrequests', csr.meta)).toBe('deleted');
      await expect(client.approveCsr(csr.meta.name, verdict)).rejects.toMatchObject(failure('KUBE_NOT_FOUND'));
    });

    test('keeps a bootstrap token as the Secret that Kubernetes looks for', async () => {
      const token = newBootstrapToken(systemRandom);
      await createBootstrapToken(client, token, { ttlMs: 60_000, description: 'conformance' }, systemClock.now());
      const secret = await client.get('secrets', { namespace: 'kube-system', name: `bootstrap-token-${token.id}` });
      expect(secret?.type).toBe('bootstrap.kubernetes.io/token');
      expect(Buffer.from(secret?.data['token-secret'] ?? []).toString()).toBe(token.secret);
      expect(await deleteBootstrapToken(client, token.id)).toBe('deleted');
      expect(await deleteBootstrapToken(client, token.id)).toBe('absent');
    });

    podConformance(() => ({ client, bare: subject.bare, namespace }));

    test('reviews of our own rights are answered', async () => {
      expect(await checkRights(client)).toEqual([]);
    });

    test('a kind that is defined is served, and only then are its objects applied', async () => {
      const group = `g${run}.flotilla.dev`;
      const definition: KubeManifest = {
        apiVersion: 'apiextensions.k8s.io/v1',
        kind: 'CustomResourceDefinition',
        metadata: { name: `widgets.${group}` },
        spec: {
          group,
          scope: 'Cluster',
          names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
            },
          ],
        },
      };
      const widget: KubeManifest = { apiVersion: `${group}/v1`, kind: 'Widget', metadata: { name: 'w' }, spec: {} };
      const deadlineMs = systemClock.now().monotonicMs + 30_000;
      let progress = await applyManifests(client, [widget, definition]);
      while (progress.kind === 'waiting' && systemClock.now().monotonicMs < deadlineMs) {
        expect(progress.kinds).toEqual([`widgets.${group}`]);
        await systemClock.sleep(100);
        progress = await applyManifests(client, [widget, definition]);
      }
      expect(progress).toEqual({ kind: 'applied' });
      await client.delete('customresourcedefinitions', { name: `widgets.${group}` });
    });

    test('keeps names inside their place in the path', async () => {
      for (const bad of ['', '..', 'a/b', 'a%2fb', 'a b']) {
        await expect(client.get('configmaps', { namespace, name: bad })).rejects.toMatchObject(failure('KUBE_INVALID'));
      }
      await expect(client.get('configmaps', { name: 'x' })).rejects.toMatchObject(failure('KUBE_INVALID'));
      await expect(client.get('nodes', { namespace, name: 'x' })).rejects.toMatchObject(failure('KUBE_INVALID'));
    });
  });
}

function failure(code: KubeErrorCode): { readonly code: KubeErrorCode } {
  return { code };
}

function namesOf(objects: readonly { readonly meta: { readonly name: string } }[]): readonly string[] {
  return objects.map((object) => object.meta.name);
}
