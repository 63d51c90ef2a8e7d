import { health, healthUnit, type Mutant } from './mutant.js';

/** What two witnesses say together. */
export const witnessesMutants: readonly Mutant[] = [
  {
    id: 'stale-watch-trusted',
    bug: 'a watch that is lost is believed',
    file: health('witness'),
    find: "  if (!witness.known) return say('unknown', 'ApiServerUnknown', 'the API server is not known to answer');",
    replace: '',
    unit: healthUnit('witness'),
  },
  {
    id: 'agent-silence-kills',
    bug: 'an agent that is silent counts as a host that is gone',
    file: health('evidence'),
    find: "return kubelet.state === 'fresh'\n      ? say(\n          MANAGEMENT_LOST,\n          'AgentSilent',",
    replace: "return kubelet.state === 'fresh'\n      ? say(\n          HOST_GONE,\n          'HostGone',",
    unit: healthUnit('evidence'),
  },
  {
    id: 'serving-node-disrupted',
    bug: 'a node whose kubelet is Ready may be disrupted',
    file: health('rungs'),
    find: 'if (kubeletReady && causeRule(reason).evenWhenReady !== true) {',
    replace: "if (kubeletReady && reason === '') {",
    unit: healthUnit('rungs'),
  },
  {
    id: 'deadline-too-short',
    bug: 'one missed heartbeat is silence',
    file: health('deadline'),
    find: 'export const missedBeatsMax = 3;',
    replace: 'export const missedBeatsMax = 1;',
    unit: healthUnit('deadline'),
  },
  {
    id: 'deadline-without-cap',
    bug: 'the deadline of a bad link has no cap',
    file: health('deadline'),
    find: 'return Math.min(capMs, Math.max(floorMs,',
    replace: 'return Math.min(10 * capMs, Math.max(floorMs,',
    unit: healthUnit('deadline'),
  },
  {
    id: 'management-lost-acts',
    bug: 'management lost is a reason to act',
    file: health('evidence'),
    find: 'new Set([KUBELET_SICK, HOST_GONE])',
    replace: 'new Set([KUBELET_SICK, HOST_GONE, MANAGEMENT_LOST])',
    unit: healthUnit('evidence'),
  },
];
