import type { TokenRecord } from '../../domain/records.js';
import { someMachine } from '../../testing/samples.js';
import type { Change, NewAudit, Owner } from '../change.js';
import type { CommitOptions, Committed, Store } from '../store.js';

export const nowMs = Date.UTC(2026, 0, 2);

export interface Opened {
  readonly store: Store;
  readonly projectId: string;
  readonly commit: (owner: Owner, ...changes: Change[]) => Promise<Committed>;
}

/** Opens a store of the engine under test. */
export type Open = () => Promise<Opened>;

export function by(owner: Owner, over: Partial<CommitOptions> = {}): CommitOptions {
  return { owner, nowMs, actor: 'system', ...over };
}

export function opener(open: () => Promise<Store>): Open {
  return async () => {
    const store = await open();
    const project = await store.read.project('default');
    if (project === undefined) throw new Error('no default project');
    return { store, projectId: project.id, commit: (owner, ...changes) => store.commit(changes, by(owner)) };
  };
}

export function token(projectId: string, over: Partial<TokenRecord> = {}): Change {
  return {
    kind: 'token.create',
    token: {
      id: 'tok_a',
      projectId,
      secretHmac: new Uint8Array([9, 8, 7]),
      poolId: '',
      clusterName: '',
      poolName: '',
      maxUses: 1,
      expiresAtMs: nowMs + 1000,
      labels: {},
      machineLabels: { rack: 'r1' },
      location: { provider: 'home', region: 'eu', zone: 'z1' },
      sourceCidrs: ['10.0.0.0/8'],
      createdBy: 'api-key:me',
      ...over,
    },
  };
}

export function register(projectId: string, id: string, over: Parameters<typeof someMachine>[2] = {}): Change {
  return { kind: 'machine.register', machine: someMachine(projectId, id, over) };
}

export function auditEntry(projectId: string, action: string): NewAudit {
  return { projectId, action, resourceKind: 'cluster', resourceId: 'clu_a', result: 'OK', details: { b: '1', a: '2' } };
}
