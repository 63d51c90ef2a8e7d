import { EventSeverity } from '@flotilla/proto';
import type { MachineRecord } from '../domain/records.js';
import { judgeCsr, kubeletServingSigner } from '../plan/csr.js';
import type { Change } from '../store/change.js';
import { eventsOf } from './changes.js';
import type { ClusterLinks } from './cluster-links.js';
import type { Effect } from './effect.js';
import type { EngineMemory } from './memory.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Reconciler } from './reconciler.js';

/** Serving certificates of kubelets, which Kubernetes itself never approves. */
export function csrReconciler({ store }: EnginePorts, links: ClusterLinks, memory: EngineMemory): Reconciler {
  return {
    name: 'csr',
    owner: 'everyone',
    key: 'csr',
    reads: ['cluster watch', 'nodes and machines of the cluster'],
    writes: ['event.append'],
    look: async (clusterId) => {
      const link = links.get(clusterId);
      const pending = [...(link?.csrs.values() ?? [])].filter(
        (csr) => csr.signerName === kubeletServingSigner && !csr.conditions.some((c) => c.status === 'True'),
      );
      if (pending.length === 0) return nothing;
      const names = await store.read.views.nodeNames(clusterId);
      const effects: Effect[] = [];
      const changes: Change[] = [];
      for (const csr of pending) {
        const nodeName = csr.username.replace(/^system:node:/, '');
        const ids = names.get(nodeName);
        const known = new Map<string, { machine: MachineRecord; removing: boolean }>();
        const [machine, node] =
          ids === undefined ? [] : [await store.read.machine(ids.machineId), await store.read.node(ids.nodeId)];
        if (machine !== undefined) known.set(nodeName, { machine, removing: node?.removal !== undefined });
        const { name, uid } = csr.meta;
        const { signerName, username, groups, usages, requestPem } = csr;
        const verdict = judgeCsr({ name, uid, signerName, username, groups, usages, requestPem }, known);
        if (verdict?.approve === true) effects.push({ kind: 'approve-csr', clusterId, name, uid, nodeName });
        if (
          verdict?.approve === false &&
          memory.signalChanged(`csr:${clusterId}:${nodeName}`, `${uid} ${verdict.problem}`)
        ) {
          const message = `The serving certificate that ${csr.username} asks for was not approved: ${verdict.problem}.`;
          const note = { severity: EventSeverity.WARNING, category: 'Access', reason: 'CsrNotApproved', message };
          changes.push(...eventsOf(ids === undefined ? 'cluster' : 'node', ids?.nodeId ?? clusterId, [note]));
        }
      }
      return { ...nothing, effects, changes };
    },
  };
}
