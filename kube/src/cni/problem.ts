export interface CniProblem {
  readonly kind: CniProblemKind;
  /** Empty when it is about no one node. */
  readonly nodeName: string;
  /** `namespace/name`, empty when there is none. */
  readonly pod: string;
  /** One sentence: which pod, where, why. */
  readonly message: string;
  /** What a person can do; empty when waiting is all. */
  readonly remedy: string;
}

/** Worst first. */
export const cniProblemKinds = [
  'not-installed',
  'image',
  'crash',
  'pending',
  'missing-pod',
  'unknown-plugin',
  'not-ready',
  'starting',
] as const;
export type CniProblemKind = (typeof cniProblemKinds)[number];
