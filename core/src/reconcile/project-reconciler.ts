import { EventSeverity } from '@flotilla/proto';
import { eventsOf, ruled } from './changes.js';
import type { EnginePorts } from './ports.js';
import { nothing, type Reconciler } from './reconciler.js';

const againMs = 10_000;

/**
 * Ends a project that is to be deleted, once its clusters are gone and its machines are retired. What makes them go was
 * written with the request itself.
 */
export function projectReconciler({ store }: EnginePorts): Reconciler {
  return {
    name: 'project',
    owner: 'project',
    key: 'project',
    reads: ['project', 'clusters and machines of the project'],
    writes: ['project.gone', 'event.append', 'audit.append'],
    look: async (projectId) => {
      const project = await store.read.project(projectId);
      if (project?.deleteRequestedAtMs === undefined || project.goneAtMs !== undefined) return nothing;
      const clusters = await store.read.clusters({ projectId, pageSize: 1 });
      const machines = await store.read.machines({ projectId, pageSize: 1 });
      if (clusters.items.length + machines.items.length > 0) return { ...nothing, recheckMs: againMs };
      const message = 'The project is gone; its keys are revoked and its name is free.';
      const note = { severity: EventSeverity.NORMAL, category: 'Lifecycle', reason: 'ProjectDeleted', message };
      return {
        ...nothing,
        changes: [
          { kind: 'project.gone', projectId },
          ...eventsOf('project', projectId, [note]),
          ruled(projectId, 'project.gone', 'project', projectId, { name: project.name }),
        ],
        expect: [{ kind: 'project', id: projectId, version: project.version }],
      };
    },
  };
}
