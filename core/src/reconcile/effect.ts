import type { NodeAct } from '../plan/node-facts.js';
import type { CniName, KubeManifest } from '@flotilla/kube';

/** Where an effect of a node happens. */
export interface NodePlace {
  readonly clusterId: string;
  readonly nodeId: string;
  readonly nodeName: string;
  readonly machineId: string;
}

/** Something done outside the store, after the commit. Idempotent: a lost one is planned again. */
export type Effect =
  | { readonly [K in NodeAct['kind']]: Extract<NodeAct, { readonly kind: K }> & NodePlace }[NodeAct['kind']]
  | { readonly kind: 'sweep-tokens'; readonly clusterId: string }
  | { readonly kind: 'make-keys'; readonly clusterId: string }
  /** EXTERNAL: what the kubeconfig may do, and what nodes need to join. */
  | { readonly kind: 'check-external'; readonly clusterId: string }
  | { readonly kind: 'diagnose-network'; readonly clusterId: string; readonly cni: CniName }
  | { readonly kind: 'apply-addons'; readonly clusterId: string; readonly manifests: readonly KubeManifest[] }
  | {
      readonly kind: 'approve-csr';
      readonly clusterId: string;
      readonly name: string;
      readonly uid: string;
      readonly nodeName: string;
    };

export type EffectOf<K extends Effect['kind']> = Extract<Effect, { readonly kind: K }>;
