import { agentCrashLoop } from './agent-crash-loop.js';
import { apiServerProbes } from './api-server.js';
import { certificatesExpiring } from './certificates-expiring.js';
import { clockSkew } from './clock-skew.js';
import { diskPressure, inodePressure } from './disk.js';
import { dnsHealthy } from './dns-healthy.js';
import { kernelProblem } from './kernel-problem.js';
import { kubeletHealthy } from './kubelet-healthy.js';
import { memoryPressure } from './memory-pressure.js';
import { networkPlugin } from './network-plugin.js';
import type { HostProbe } from './probe.js';
import { readonlyFilesystem } from './readonly-filesystem.js';
import { rebootRequired } from './reboot-required.js';
import { runtimeHealthy } from './runtime-healthy.js';

/** Every probe there is, made for one process. */
export function allProbes(): readonly HostProbe[] {
  return [
    kubeletHealthy,
    runtimeHealthy,
    ...apiServerProbes(),
    diskPressure,
    inodePressure,
    readonlyFilesystem,
    memoryPressure,
    clockSkew,
    certificatesExpiring,
    networkPlugin,
    dnsHealthy,
    kernelProblem(),
    rebootRequired,
    agentCrashLoop,
  ];
}
