import type { ServiceDefinition } from '@grpc/grpc-js';
import {
  AccessServiceService,
  AgentServiceService,
  AuditServiceService,
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
import type { AllHandlers } from './call.js';
import { rpcPolicy, type RpcPolicy, type ServiceName } from './policy.js';

export const definitions = {
  AccessService: AccessServiceService,
  AgentService: AgentServiceService,
  AuditService: AuditServiceService,
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

// The handlers are typed by ServiceHandlers; behind that type, one loop serves them all.
export type AnyHandler = (...args: unknown[]) => Promise<unknown>;

/** A method as every door serves it: gRPC, JSON and the feed take the same rows. */
export interface Method {
  /** `Service/Method`. */
  readonly title: string;
  /** `/flotilla.operator.v1.Service/Method`. */
  readonly path: string;
  readonly service: ServiceName;
  /** Name in the definition, `createCluster`. */
  readonly name: string;
  readonly definition: ServiceDefinition[string];
  readonly policy: RpcPolicy;
  readonly handler: AnyHandler;
}

/** Every method there is, by its path. */
export function methodTable(handlers: AllHandlers): ReadonlyMap<string, Method> {
  const table = new Map<string, Method>();
  for (const service of Object.keys(definitions) as ServiceName[]) {
    const own = handlers[service] as unknown as Readonly<Record<string, AnyHandler>>;
    const policies = rpcPolicy[service] as Readonly<Record<string, RpcPolicy>>;
    const methods: ServiceDefinition = definitions[service];
    for (const [name, definition] of Object.entries(methods)) {
      const policy = policies[name];
      const handler = own[name];
      // The types forbid it; a cast somewhere must not open a door.
      if (policy === undefined || handler === undefined) throw new Error(`${service}.${name} has no policy or handler`);
      const title = `${service}/${name.charAt(0).toUpperCase()}${name.slice(1)}`;
      const { path } = definition;
      table.set(path, { title, path, service, name, definition, policy, handler: handler.bind(own) });
    }
  }
  return table;
}
