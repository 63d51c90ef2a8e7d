/**
 * The Kubernetes objects Flotilla reads, with only the fields it reads, already parsed: times are wall milliseconds,
 * lists and maps are never absent. What Flotilla writes is a {@link KubeManifest}, in the words of Kubernetes itself.
 */

/** What every object has. */
export interface KubeMeta {
  readonly name: string;
  /** Empty for objects of the whole cluster. */
  readonly namespace: string;
  readonly uid: string;
  /** Opaque; for optimistic writes and for nothing else. */
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdAtMs: number | undefined;
  /** Set once deletion was asked for; the object is still there. Of a pod it is the moment at which its grace is over. */
  readonly deletingSinceMs: number | undefined;
  /** How long the end was given, once deletion was asked for. */
  readonly deletionGraceSeconds: number | undefined;
  /** Whoever is named here holds the object until done, deletion asked for or not. */
  readonly finalizers: readonly string[];
  readonly owners: readonly KubeOwner[];
}

export interface KubeOwner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  /** True for the one owner that manages the object. */
  readonly controller: boolean;
}

export interface KubeTaint {
  readonly key: string;
  readonly value: string;
  /** `NoSchedule`, `PreferNoSchedule` or `NoExecute`. */
  readonly effect: string;
}

export interface KubeCondition {
  readonly type: string;
  /** `True`, `False` or `Unknown`. */
  readonly status: string;
  readonly reason: string;
  readonly message: string;
  readonly transitionAtMs: number | undefined;
  readonly heartbeatAtMs: number | undefined;
}

export interface KubeNode {
  readonly meta: KubeMeta;
  readonly providerId: string;
  readonly unschedulable: boolean;
  readonly taints: readonly KubeTaint[];
  readonly podCidrs: readonly string[];
  readonly conditions: readonly KubeCondition[];
  /** `InternalIP`, `ExternalIP`, `Hostname`, … */
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  /** Quantities as Kubernetes writes them: `2`, `1900m`, `16Gi`. */
  readonly capacity: Readonly<Record<string, string>>;
  readonly allocatable: Readonly<Record<string, string>>;
  /** Names of the volumes attached to the node, such as `kubernetes.io/csi/<driver>^<volume>`: written elsewhere only after they are gone from here. */
  readonly volumesAttached: readonly string[];
  /** Empty text where the kubelet has not said it yet. */
  readonly info: KubeNodeInfo;
}

export interface KubeNodeInfo {
  readonly kubeletVersion: string;
  readonly containerRuntimeVersion: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly architecture: string;
  readonly bootId: string;
  readonly machineId: string;
}

export interface KubeLease {
  readonly meta: KubeMeta;
  readonly holder: string;
  readonly durationSeconds: number | undefined;
  readonly renewedAtMs: number | undefined;
}

export interface KubePod {
  readonly meta: KubeMeta;
  readonly nodeName: string;
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string;
  readonly reason: string;
  readonly priorityClassName: string;
  readonly terminationGracePeriodSeconds: number | undefined;
  /** Data in an emptyDir is lost when the pod leaves its node. */
  readonly hasEmptyDir: boolean;
  readonly persistentVolumeClaims: readonly string[];
  readonly conditions: readonly KubeCondition[];
  /** As the kubelet last told of them, init containers first; empty before it did. */
  readonly containers: readonly KubeContainer[];
}

export interface KubeContainer {
  readonly name: string;
  readonly image: string;
  readonly init: boolean;
  readonly ready: boolean;
  readonly restarts: number;
  readonly state: 'waiting' | 'running' | 'terminated';
  /** Kubernetes' word for the state, such as `ImagePullBackOff`; empty while it runs. */
  readonly reason: string;
  readonly message: string;
  /** How it ended the last time, when it did. */
  readonly lastEnd: KubeContainerEnd | undefined;
}

export interface KubeContainerEnd {
  readonly exitCode: number;
  readonly reason: string;
  /** Its last words, when the container leaves them; cut short by the kubelet. */
  readonly message: string;
}

export interface KubeCsr {
  readonly meta: KubeMeta;
  readonly signerName: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly usages: readonly string[];
  /** The PKCS#10 request, PEM. */
  readonly requestPem: string;
  readonly expirationSeconds: number | undefined;
  /** `Approved`, `Denied` and `Failed`, when there. */
  readonly conditions: readonly KubeCondition[];
  /** The issued chain, PEM; undefined until it is signed. */
  readonly certificatePem: string | undefined;
}

export interface KubeSecret {
  readonly meta: KubeMeta;
  readonly type: string;
  readonly data: Readonly<Record<string, Uint8Array>>;
}

export interface KubeConfigMap {
  readonly meta: KubeMeta;
  readonly data: Readonly<Record<string, string>>;
}

export interface KubeDisruptionBudget {
  readonly meta: KubeMeta;
  /** Undefined for a selector with expressions or for none: use it for display, never to decide an eviction. */
  readonly matchLabels: Readonly<Record<string, string>> | undefined;
  readonly disruptionsAllowed: number;
  readonly healthyNow: number;
  readonly healthyWanted: number;
  readonly expectedPods: number;
}

export interface KubeEvent {
  readonly meta: KubeMeta;
  /** `Normal` or `Warning`. */
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly lastSeenAtMs: number | undefined;
  readonly involved: { readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string };
}

/** Workloads are read for one question only: do they run where they should. */
export interface KubeWorkload {
  readonly meta: KubeMeta;
  readonly wanted: number;
  readonly ready: number;
  /** The controller has seen the newest spec. */
  readonly current: boolean;
}

/** A kind that was added to the cluster. */
export interface KubeCustomKind {
  readonly meta: KubeMeta;
  /** The API server serves it. */
  readonly established: boolean;
}

/** Whether we may do what was asked about. */
export interface KubeAccessReview {
  /** Without a name: reviews are answers, not objects. */
  readonly meta: KubeMeta;
  readonly allowed: boolean;
  readonly reason: string;
}

/** What can be read, by the name the API gives it. */
export interface KubeObjects {
  readonly nodes: KubeNode;
  readonly leases: KubeLease;
  readonly pods: KubePod;
  readonly certificatesigningrequests: KubeCsr;
  readonly secrets: KubeSecret;
  readonly configmaps: KubeConfigMap;
  readonly poddisruptionbudgets: KubeDisruptionBudget;
  readonly events: KubeEvent;
  readonly daemonsets: KubeWorkload;
  readonly deployments: KubeWorkload;
  readonly customresourcedefinitions: KubeCustomKind;
  /** Created to ask, never stored: only `create` works. */
  readonly selfsubjectaccessreviews: KubeAccessReview;
}

export type KubeResource = keyof KubeObjects;

/** Plain JSON. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** An object as Kubernetes writes it. */
export interface KubeManifest extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: JsonObject & {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}
