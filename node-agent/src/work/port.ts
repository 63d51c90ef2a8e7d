import type { MachineTarget, ObservedState, TargetSecrets } from '@flotilla/proto';
import type { Acceptance } from './target-file.js';

/** What the link needs of the work: targets in, observations out. */
export interface WorkPort {
  accept(target: MachineTarget, secrets: TargetSecrets | undefined): Promise<Acceptance>;
  /**
   * The target could not be saved because the disk is read-only. It is not acknowledged and not worked on; only what it
   * asks for that needs no disk is done, from memory. Throws nothing of the host's.
   */
  acceptUnsaved(target: MachineTarget): Promise<void>;
  acknowledged(): { readonly epoch: bigint; readonly generation: bigint };
  observe(): Promise<ObservedState>;
  /** `transition` is false when only progress moved. */
  onChange(listener: (transition: boolean) => void): () => void;
  /** The control plane says that this machine is no longer its own, and may remove what is ours. */
  retire(): Promise<void>;
}
