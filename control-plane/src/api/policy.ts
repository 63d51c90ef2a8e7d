import type {
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

/** How often one caller may ask, and how many such calls run at once; numbers in rates.ts. */
export type RateClass = 'read' | 'write' | 'watch' | 'enroll' | 'session' | 'renew' | 'sync';

/** Least role an operator needs. */
export type RequiredRole = 'READER' | 'MEMBER' | 'ADMIN';

interface PolicyBase {
  readonly rate: RateClass;
  /** Largest request message in bytes. */
  readonly bytesMax: number;
}

export type RpcPolicy = AnonymousPolicy | ProjectPolicy | InstancePolicy | MachinePolicy;

/** Nobody is asked who they are; the method proves what it needs itself. */
export interface AnonymousPolicy extends PolicyBase {
  readonly identity: 'anonymous';
}

interface OperatorPolicy extends PolicyBase {
  readonly identity: 'api-key';
  readonly role: RequiredRole;
  /** `write`: refusals are recorded too. */
  readonly audit: 'none' | 'write';
}

/** A person or script; the request names a project and the role is the one there. */
export interface ProjectPolicy extends OperatorPolicy {
  readonly scope: 'project';
}

/** A person or script, in a matter of the whole instance. */
export interface InstancePolicy extends OperatorPolicy {
  readonly scope: 'instance';
}

/** An enrolled agent: a client certificate of ours. `revoked`: also let in to be told so. `expired`: also to renew. */
export interface MachinePolicy extends PolicyBase {
  readonly identity: 'machine';
  readonly admits: 'revoked' | 'expired';
}

const kib = 1024;
const small = 64 * kib;

const readRow = { identity: 'api-key', role: 'READER', audit: 'none', rate: 'read', bytesMax: small } as const;

function reads(): ProjectPolicy {
  return { ...readRow, scope: 'project' };
}

function readsInstance(): InstancePolicy {
  return { ...readRow, scope: 'instance' };
}

function writes(role: 'MEMBER' | 'ADMIN' = 'MEMBER'): ProjectPolicy {
  return { identity: 'api-key', role, scope: 'project', audit: 'write', rate: 'write', bytesMax: 256 * kib };
}

export type Services = {
  readonly AccessService: typeof AccessServiceService;
  readonly AgentService: typeof AgentServiceService;
  readonly ClusterService: typeof ClusterServiceService;
  readonly EnrollmentService: typeof EnrollmentServiceService;
  readonly EventService: typeof EventServiceService;
  readonly MachineService: typeof MachineServiceService;
  readonly NodePoolService: typeof NodePoolServiceService;
  readonly NodeService: typeof NodeServiceService;
  readonly ProjectService: typeof ProjectServiceService;
  readonly TokenService: typeof TokenServiceService;
  readonly VersionService: typeof VersionServiceService;
};

/** Who may call what. Total by type: an RPC without a row, or a row without an RPC, does not compile. */
export const rpcPolicy = {
  EnrollmentService: {
    beginEnrollment: { identity: 'anonymous', rate: 'enroll', bytesMax: 4 * kib },
    finishEnrollment: { identity: 'anonymous', rate: 'enroll', bytesMax: small },
  },
  AgentService: {
    session: { identity: 'machine', admits: 'revoked', rate: 'session', bytesMax: 256 * kib },
    renewCertificate: { identity: 'machine', admits: 'expired', rate: 'renew', bytesMax: 16 * kib },
  },
  ProjectService: { getProject: reads(), listProjects: readsInstance() },
  ClusterService: {
    createCluster: writes(),
    getCluster: reads(),
    listClusters: reads(),
    deleteCluster: writes(),
    // Whoever may look gets a read-only one; the role is in the certificate.
    issueKubeconfig: {
      identity: 'api-key',
      role: 'READER',
      scope: 'project',
      audit: 'write',
      rate: 'write',
      bytesMax: small,
    },
  },
  NodePoolService: {
    createNodePool: writes(),
    getNodePool: reads(),
    listNodePools: reads(),
    updateNodePool: writes(),
    deleteNodePool: writes(),
  },
  MachineService: { getMachine: reads(), listMachines: reads(), deleteMachine: writes() },
  NodeService: { getNode: reads(), listNodes: reads(), removeNode: writes(), retryNode: writes() },
  TokenService: { createToken: writes(), getToken: reads(), listTokens: reads(), revokeToken: writes() },
  VersionService: {
    getVersion: readsInstance(),
    listVersions: readsInstance(),
    syncArtifacts: {
      identity: 'api-key',
      role: 'MEMBER',
      scope: 'instance',
      audit: 'write',
      rate: 'sync',
      bytesMax: small,
    },
    getServerInfo: readsInstance(),
  },
  EventService: {
    listEvents: reads(),
    watchEvents: {
      identity: 'api-key',
      role: 'READER',
      scope: 'project',
      audit: 'none',
      rate: 'watch',
      bytesMax: small,
    },
  },
  AccessService: {
    getCaller: readsInstance(),
    createApiKey: writes('ADMIN'),
    listApiKeys: { identity: 'api-key', role: 'ADMIN', scope: 'project', audit: 'none', rate: 'read', bytesMax: small },
    revokeApiKey: writes('ADMIN'),
  },
} as const satisfies { readonly [S in keyof Services]: { readonly [M in keyof Services[S]]: RpcPolicy } };

export type ServiceName = keyof Services;
