import type { AgentManifest } from '../src/manifest.js';

/** The bytes of `agent/manifest.json`, in the one shape that install.sh reads. */
export function formatAgentManifest(manifest: AgentManifest): string;
