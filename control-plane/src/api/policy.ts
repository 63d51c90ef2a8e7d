import type {
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

/** How often one caller may ask, and how many such calls run at once; numbers in rates.ts. */
export type RateClass = 'read' | 'write' | 'watch' | 'enroll' | 'session' | 'renew' | 'sync';

/** Least role an operator needs. INSTANCE_ADMIN is beside the ladder of the others: it gives nothing in a project. */
export type RequiredRole = 'READER' | 'MEMBER' | 'ADMIN' | 'INSTANCE_ADMIN';

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
  readonly role: 'READER' | 'MEMBER' | 'ADMIN';
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

function readsAs(role: 'MEMBER' | 'ADMIN'): ProjectPolicy {
  return { ...readRow, role, scope: 'project' };
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
  readonly AuditService: typeof AuditServiceService;
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
  ProjectService: {
    getProject: reads(),
    listProjects: readsInstance(),
    createProject: {
      identity: 'api-key',
      role: 'INSTANCE_ADMIN',
      scope: 'instance',
      audit: 'write',
      rate: 'write',
      bytesMax: small,
    },
    updateProject: writes('ADMIN'),
    deleteProject: writes('ADMIN'),
  },
  ClusterService: {
    createCluster: writes(),
    getCluster: reads(),
    listClusters: reads(),
    updateCluster: writes(),
    pauseCluster: writes(),
    resumeCluster: writes(),
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
    pauseNodePool: writes(),
    resumeNodePool: writes(),
  },
  MachineService: {
    getMachine: reads(),
    listMachines: reads(),
    updateMachine: writes(),
    quarantineMachine: writes(),
    releaseMachine: writes(),
    pauseMachine: writes(),
    resumeMachine: writes(),
    deleteMachine: writes(),
  },
  // A forced drain needs ADMIN; the handlers ask for it, because the same method serves those without force.
  NodeService: {
    getNode: reads(),
    listNodes: reads(),
    removeNode: writes(),
    replaceNode: writes(),
    cordonNode: writes(),
    uncordonNode: writes(),
    drainNode: writes(),
    retryNode: writes(),
  },
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
    listApiKeys: readsAs('ADMIN'),
    revokeApiKey: writes('ADMIN'),
    listMembers: readsAs('ADMIN'),
    setMember: writes('ADMIN'),
    removeMember: writes('ADMIN'),
  },
  // A MEMBER is shown its own actions only; the handler sees to that.
  AuditService: { listAuditEntries: readsAs('MEMBER') },
} as const satisfies { readonly [S in keyof Services]: { readonly [M in keyof Services[S]]: RpcPolicy } };

export type ServiceName = keyof Services;
