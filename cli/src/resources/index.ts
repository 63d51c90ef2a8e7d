import type { NounName } from '../registry/nouns.js';
import { apiKeyResource } from './api-keys.js';
import { clusterResource } from './clusters.js';
import { eventResource } from './events.js';
import { machineResource } from './machines.js';
import { memberResource } from './members.js';
import { nodeResource } from './nodes.js';
import { poolResource } from './pools.js';
import { projectResource } from './projects.js';
import type { Resource } from './resource.js';
import { tokenResource } from './tokens.js';
import { versionResource } from './versions.js';

/** How each noun is fetched and shown. */
export const resources: Readonly<Record<NounName, Resource>> = {
  cluster: clusterResource,
  pool: poolResource,
  node: nodeResource,
  machine: machineResource,
  event: eventResource,
  token: tokenResource,
  version: versionResource,
  project: projectResource,
  member: memberResource,
  'api-key': apiKeyResource,
};
