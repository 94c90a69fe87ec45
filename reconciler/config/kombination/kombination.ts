import type { ProxyClaim } from '../kits/proxy-claim.ts';
import type { SecretUse, SecretModel } from './service/secret-use.ts';
import type { BuildModel } from './service/build-model.ts';
import type { ClusterNode } from './cluster-model.ts';
import type { ManifestModel } from './manifests/manifest-model.ts';
import type { ResourceLimits } from '../../model/docker/options/limit-options.ts';
import type { ContainerOptions } from '../../model/docker/options/container-options.ts';
import type {
  AddressSpec,
  DataMount,
  EndpointSpec,
  HealthcheckSpec,
  LifecycleSpec,
  IpamSpec,
  MountSpec,
  PortSpec,
  RestartSpec,
} from '../../model/docker/docker-spec.ts';
import type { BackupModel, DatabaseModel } from './service/database-model.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { TlsSettings } from './tls-settings.ts';
import type { ServiceCondition } from '../../model/resource.ts';
import type { RolloutModel } from '../../model/rollout.ts';
import type { NotifyChoice } from '../../model/notify/events.ts';
import type { DriftMode, IgnoredField, PruneMode, SyncMode } from '../../model/stack.ts';
import type { DockerConnection } from '../../model/target.ts';
import type { Fields } from '../../base/values.ts';

/*
 * A kombination as it is understood: every short form spelled out, kit services filled in, nothing looked up outside
 * of the document yet. Every part remembers where it is written.
 */

export interface Kombination {
  /** `''` when the document does not say. */
  readonly name: string;
  readonly domain: string;
  readonly stackkit: string;
  readonly nodes: readonly NodeModel[];
  /** Enabled services in the order they are written, each followed by its parts. */
  readonly services: readonly ServiceModel[];
  readonly networks: Readonly<Record<string, NetworkModel>>;
  readonly volumes: Readonly<Record<string, VolumeModel>>;
  readonly secrets: Readonly<Record<string, SecretModel>>;
  readonly policy: PolicyModel;
  readonly backup?: BackupModel;
  readonly dataDir?: DataDirModel;
  readonly adopts?: AdoptsModel;
  /** Charts and overlays, in the order they are written; left out: none. */
  readonly manifests?: readonly ManifestModel[];
  /** Proxies of its kit that it has or needs; left out: none. */
  readonly proxies?: readonly ProxyClaim[];
}

/** Place that `data_dir` gives to mounts of relative paths that hold data. */
export interface DataDirModel {
  /** Absolute path on the hosts; `null`: named volumes of the stack. */
  readonly directory: string | null;
  readonly path: DocumentPath;
}

/** The Compose project whose containers, networks and volumes are the stack's as they are. */
export interface AdoptsModel {
  readonly project: string;
  /** Services that ran when the project was adopted; what of it is described no more is removed. */
  readonly services: readonly string[];
  /** Digests that the builds of services had then: the image that runs is theirs. */
  readonly built?: Readonly<Record<string, string>>;
  readonly path: DocumentPath;
}

export interface PolicyModel {
  readonly drift?: DriftMode;
  readonly driftSchedule?: string;
  readonly sync?: SyncMode;
  readonly prune?: PruneMode;
  readonly maxDeletions?: number;
  readonly stableMs?: number;
  readonly takeOver?: readonly string[];
  readonly ignoreDrift?: readonly IgnoredField[];
  readonly notify?: NotifyChoice;
}

export interface NodeModel {
  readonly name: string;
  /** Left out: the shared node of this name. */
  readonly connection?: DockerConnection;
  /** It is a Kubernetes cluster. */
  readonly cluster?: ClusterNode;
  /** Resources that the author says it has; nobody measured. */
  readonly resources?: { readonly cpu?: number; readonly memoryBytes?: number };
  /** Default local. */
  readonly place?: 'cloud' | 'local';
  readonly path: DocumentPath;
}

export interface NetworkModel {
  readonly driver?: string;
  readonly external?: boolean;
  readonly name?: string;
  readonly internal?: boolean;
  readonly attachable?: boolean;
  readonly driverOpts?: Readonly<Record<string, string>>;
  readonly enableIpv4?: boolean;
  readonly enableIpv6?: boolean;
  readonly ipam?: IpamSpec;
  readonly labels?: Readonly<Record<string, string>>;
  readonly path: DocumentPath;
}

export interface VolumeModel {
  readonly driver?: string;
  readonly driverOpts?: Readonly<Record<string, string>>;
  readonly external?: boolean;
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly path: DocumentPath;
}

export interface EnvEntry {
  readonly name: string;
  /** Value as written: `secret://…` and `${…}` are not looked up yet. */
  readonly value: string;
  readonly path: DocumentPath;
}

export interface PortEntry {
  readonly port: PortSpec;
  /** Last host port when there are several containers; each takes one from `port.hostPort` up to this one. */
  readonly lastHostPort?: number;
  readonly path: DocumentPath;
}

export interface MountEntry {
  /** The source of a volume is its name inside the stack. */
  readonly mount: MountSpec;
  readonly path: DocumentPath;
}

export interface DataEntry {
  readonly mount: DataMount;
  readonly path: DocumentPath;
}

export interface NetworkEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly address?: AddressSpec;
  readonly endpoint?: EndpointSpec;
  /** The network with the highest comes first; default 0. */
  readonly priority?: number;
  readonly path: DocumentPath;
}

/** Another container under a name that only this one uses. */
export interface LinkEntry {
  /** A service of the stack; a container of anybody's with `external`. */
  readonly target: string;
  readonly alias: string;
  readonly external: boolean;
  readonly path: DocumentPath;
}

export interface VolumesFromEntry {
  readonly target: string;
  readonly external: boolean;
  readonly readOnly: boolean;
  readonly path: DocumentPath;
}

export interface DependencyEntry {
  readonly service: string;
  readonly until: ServiceCondition;
  readonly required: boolean;
  /** Made anew whenever the other service is. */
  readonly restart?: boolean;
  readonly path: DocumentPath;
}

/** A file or directory of the repository, or a text, for the inside of a container. */
export interface FileModel {
  /** Path as written, relative to the kombination's directory. */
  readonly source?: string;
  readonly content?: string;
  readonly target: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly path: DocumentPath;
}

export interface RouteModel {
  readonly subdomain?: string;
  /** The whole host name, instead of `<subdomain>.<domain>`. */
  readonly host?: string;
  readonly port?: number;
  /** Names of the proxy's middlewares. */
  readonly middlewares?: readonly string[];
}

/** Fields that a service may have; empty lists stand for "nothing said". */
export interface ServiceFields {
  readonly node?: string;
  readonly image?: string;
  /** The image is built; `image`, when it is said too, is one more name for it. */
  readonly build?: BuildModel;
  readonly pullPolicy?: 'missing' | 'always' | 'never';
  /** Containers of the service. Default 1. */
  readonly replicas?: number;
  readonly update?: RolloutModel;
  readonly rollback?: RolloutModel;
  /** Name on the engine. Default `<stack>-<service>-1`. */
  readonly containerName?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly env: readonly EnvEntry[];
  readonly ports?: readonly PortEntry[];
  readonly mounts: readonly MountEntry[];
  /** Mounts of relative paths that hold data; empty once they have their places (`data-places.ts`). */
  readonly dataMounts: readonly DataEntry[];
  readonly networks?: readonly NetworkEntry[];
  /** `host`, `none`, `bridge`, `service:<name>` or `container:<name>`. */
  readonly networkMode?: string;
  readonly links: readonly LinkEntry[];
  readonly volumesFrom: readonly VolumesFromEntry[];
  readonly dependsOn: readonly DependencyEntry[];
  readonly healthcheck?: HealthcheckSpec;
  /** Commands in the running container, after its start and before its stop. */
  readonly postStart?: readonly LifecycleSpec[];
  readonly preStop?: readonly LifecycleSpec[];
  readonly restart?: RestartSpec;
  readonly resources?: ResourceLimits;
  readonly labels: Readonly<Record<string, string>>;
  /** References to services are as written. */
  readonly options: ContainerOptions;
  readonly files: readonly FileModel[];
  readonly secrets: readonly SecretUse[];
  readonly database?: DatabaseModel;
  readonly route?: RouteModel | false;
  readonly config?: Fields;
}

export interface ServiceModel extends ServiceFields {
  readonly name: string;
  /** Default: the first node. */
  readonly node: string;
  /** Path where the service is written; for parts and implied services, where what asked for them is written. */
  readonly path: DocumentPath;
  /** Name of the service in the kit that it is drawn from. */
  readonly kind?: string;
  /** The kit service that this container belongs to; it is no service of its own. */
  readonly partOf?: string;
}

/** Name that the names of its objects on an engine begin with: that of the project which it has adopted, else its own. */
export function projectOf({ name, adopts }: Pick<Kombination, 'name' | 'adopts'>): string {
  return adopts?.project ?? name;
}

/** Name of a service's container on the engine, `<stack>-<service>-1` unless the document names it otherwise. */
export function containerName(
  stack: string,
  service: Pick<ServiceModel, 'name' | 'containerName'>,
  number = 1,
): string {
  return service.containerName ?? `${stack}-${service.name}-${number}`;
}

/** A service as written, before the kit has filled it in. */
export interface WrittenService {
  readonly name: string;
  readonly enabled: boolean;
  /** Says `image` or `build`, be it right or wrong: the service is not drawn from a kit. */
  readonly ownImage: boolean;
  /** Type, such as `database`, when its name is none of the kit's. */
  readonly type?: string;
  readonly fields: ServiceFields;
  readonly path: DocumentPath;
}

/** A document as written. */
export interface WrittenKombination {
  readonly name: string;
  readonly domain: string | undefined;
  readonly email: string | undefined;
  /** `''`: whichever fits. */
  readonly stackkit: string | undefined;
  readonly addons: readonly { readonly name: string; readonly path: DocumentPath }[];
  /** `ssl` */
  readonly tls: TlsSettings | undefined;
  readonly nodes: readonly NodeModel[];
  readonly services: readonly WrittenService[];
  readonly networks: Readonly<Record<string, NetworkModel>>;
  readonly volumes: Readonly<Record<string, VolumeModel>>;
  readonly secrets: Readonly<Record<string, SecretModel>>;
  readonly policy: PolicyModel;
  readonly backup?: BackupModel;
  readonly dataDir?: DataDirModel;
  readonly adopts?: AdoptsModel;
  readonly manifests?: readonly ManifestModel[];
}
