import { Server } from '@grpc/grpc-js';
import type { Enrollment } from '../enroll/enroll.js';
import { accessService } from './access-service.js';
import { agentService, type AgentParts } from './agent-service.js';
import { auditService } from './audit-service.js';
import type { AllHandlers } from './call.js';
import { clusterService } from './cluster-service.js';
import { enrollmentService } from './enrollment-service.js';
import { eventService } from './event-service.js';
import { addHealth } from './health-service.js';
import { machineService } from './machine-service.js';
import { methodTable, type Method } from './methods.js';
import { nodePoolService } from './node-pool-service.js';
import { nodeService } from './node-service.js';
import type { ApiParts } from './parts.js';
import { projectService } from './project-service.js';
import type { ServeParts } from './run-call.js';
import { serve } from './serve.js';
import { tokenService } from './token-service.js';
import { versionService } from './version-service.js';

/** A gRPC server with the limits of decision 1; it gets its connections from the listener. */
export function newGrpcServer(): Server {
  return new Server({
    'grpc.max_concurrent_streams': 32,
    'grpc.max_receive_message_length': 1024 * 1024,
    'grpc.max_send_message_length': 16 * 1024 * 1024,
    // Shorter than common idle timeouts of NATs and balancers.
    'grpc.keepalive_time_ms': 30_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 5 * 60_000,
    'grpc.enable_channelz': 0,
    'grpc-node.max_session_memory': 16,
  });
}

/** Every method there is, with its handler. */
export function allMethods(
  parts: ApiParts,
  agents: AgentParts & { readonly enrollment: Enrollment },
): ReadonlyMap<string, Method> {
  const handlers: AllHandlers = {
    AccessService: accessService(parts),
    AgentService: agentService(agents),
    AuditService: auditService(parts),
    ClusterService: clusterService(parts),
    EnrollmentService: enrollmentService(agents.enrollment),
    EventService: eventService(parts),
    MachineService: machineService(parts),
    NodePoolService: nodePoolService(parts),
    NodeService: nodeService(parts),
    ProjectService: projectService(parts),
    TokenService: tokenService(parts),
    VersionService: versionService(parts),
  };
  return methodTable(handlers);
}

/** Serves the methods over gRPC, with health. Returns how readiness is told to health checks. */
export function registerServices(
  server: Server,
  serving: ServeParts,
  methods: ReadonlyMap<string, Method>,
): (ready: boolean) => void {
  const byService = new Map<string, Method[]>();
  for (const method of methods.values()) {
    const service = method.path.split('/')[1] ?? method.service;
    byService.set(service, [...(byService.get(service) ?? []), method]);
  }
  for (const own of byService.values()) serve(server, own, serving);
  return addHealth(server, [...byService.keys()]);
}
