import { Server, type ServiceDefinition } from '@grpc/grpc-js';
import {
  AccessServiceService,
  AgentServiceService,
  ClusterServiceService,
  EnrollmentServiceService,
  EventServiceService,
  MachineServiceService,
  NodePoolServiceService,
  NodeServiceService,
  ProjectServiceService,
  TokenServiceService,
  VersionServiceService,
} from '@flotilla/proto';
import type { Enrollment } from '../enroll/enroll.js';
import { accessService } from './access-service.js';
import { agentService, type AgentParts } from './agent-service.js';
import type { AllHandlers } from './call.js';
import { clusterService } from './cluster-service.js';
import { enrollmentService } from './enrollment-service.js';
import { eventService } from './event-service.js';
import { addInfraServices } from './infra-services.js';
import { machineService } from './machine-service.js';
import { nodePoolService } from './node-pool-service.js';
import { nodeService } from './node-service.js';
import type { ApiParts } from './parts.js';
import { rpcPolicy, type ServiceName } from './policy.js';
import { projectService } from './project-service.js';
import { serve, type ServeParts } from './serve.js';
import { tokenService } from './token-service.js';
import { versionService } from './version-service.js';

const definitions = {
  AccessService: AccessServiceService,
  AgentService: AgentServiceService,
  ClusterService: ClusterServiceService,
  EnrollmentService: EnrollmentServiceService,
  EventService: EventServiceService,
  MachineService: MachineServiceService,
  NodePoolService: NodePoolServiceService,
  NodeService: NodeServiceService,
  ProjectService: ProjectServiceService,
  TokenService: TokenServiceService,
  VersionService: VersionServiceService,
} as const satisfies Readonly<Record<ServiceName, ServiceDefinition>>;

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

/** Registers every service there is. Returns how readiness is told to health checks. */
export function registerServices(
  server: Server,
  serving: ServeParts,
  parts: ApiParts,
  agents: AgentParts & { readonly enrollment: Enrollment },
): (ready: boolean) => void {
  const handlers: AllHandlers = {
    AccessService: accessService(parts),
    AgentService: agentService(agents),
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
  const names: string[] = [];
  for (const name of Object.keys(definitions) as ServiceName[]) {
    const definition: ServiceDefinition = definitions[name];
    serve(server, { name, definition, handlers: handlers[name], policy: rpcPolicy[name] }, serving);
    const [first] = Object.values(definition);
    names.push(first?.path.split('/')[1] ?? name);
  }
  return addInfraServices(server, names);
}
