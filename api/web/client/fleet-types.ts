import type { Pagination, Role, StackState } from './api-types.ts';

/** Shapes of the REST API about machines, data, tags and people. Times are ISO 8601. */

/** One of the config repositories of the daemon. */
export interface SourceView {
  /** Empty for the daemon's own. */
  readonly name: string;
  /** Address below the server's; empty for the daemon's own. */
  readonly path: string;
  readonly location: string;
  readonly branch: string;
  readonly root: string;
  readonly revision: string | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly stacks: number;
  /** Numbers of stacks; states that none is in are left out. */
  readonly counts: Readonly<Partial<Record<StackState, number>>>;
}

export interface WorkerView {
  readonly id: string;
  readonly name: string;
  /** `pending`: committed, and not read again yet. */
  readonly status: 'online' | 'offline' | 'unknown' | 'pending';
  readonly last_seen: string | null;
  readonly resources: {
    readonly cpu_cores: number | null;
    readonly memory_gb: number | null;
    readonly disk_gb: number | null;
  };
  readonly address: string;
  readonly hostname: string | null;
  readonly docker_version: string | null;
  readonly os: string | null;
  readonly arch: string | null;
  /** Names. */
  readonly stacks: readonly string[];
  readonly message: string | null;
  /** File that describes it, where it is shared by stacks. */
  readonly file: string | null;
}

export interface ClusterView {
  readonly id: string;
  readonly name: string;
  readonly display_name: string;
  readonly server: string;
  readonly default: boolean;
  readonly status: 'connected' | 'disconnected' | 'error' | 'unknown';
  readonly message: string | null;
  readonly last_check: string | null;
  readonly version: string | null;
  readonly nodes: number | null;
}

export interface UsageView {
  readonly service: string | null;
  readonly node: string;
  readonly name: string;
  /** Thousandths of a processor. */
  readonly cpu_millis: number;
  readonly memory_bytes: number;
}

export interface StatsAnswer {
  readonly stats: readonly UsageView[];
  /** Nodes that tell nothing, and why. */
  readonly failures: Readonly<Record<string, string>>;
}

export interface DatabaseView {
  readonly stack: string;
  readonly service: string;
  readonly node: string;
  readonly kind: 'postgres' | 'mysql' | 'mongodb' | 'redis';
  readonly image: string;
  readonly status: string;
  readonly connections: number | null;
  readonly error: string | null;
  readonly databases: readonly {
    readonly name: string;
    readonly size_bytes: number | null;
    readonly connections: number | null;
  }[];
}

export interface BackupView {
  readonly stack: string;
  /** Service of a database, or data: `volume:NAME`, `SERVICE:/PATH`. */
  readonly service: string;
  readonly file: string;
  readonly location: string;
  readonly sha256: string;
  readonly time: string;
  readonly size_bytes: number;
  /** Made by itself, because another one took its place. */
  readonly before_restore: boolean;
  readonly kind: 'database' | 'data';
  readonly destination: string | null;
  readonly encrypted: boolean;
}

export interface BackupList {
  readonly backups: readonly BackupView[];
  readonly failures: readonly {
    readonly stack: string;
    readonly service: string;
    readonly message: string;
  }[];
}

export interface RestoreLook {
  readonly file: string;
  readonly time: string;
  /** Services that would be stopped for it. */
  readonly stops: readonly string[];
  /** Words where nothing can be compared. */
  readonly note: string | null;
  readonly data: {
    readonly added: number;
    readonly changed: number;
    readonly removed: number;
    readonly same: number;
    readonly bytes_before: number;
    readonly bytes_after: number;
    readonly changes: readonly {
      readonly path: string;
      readonly change: 'added' | 'changed' | 'removed';
      readonly before: number | null;
      readonly after: number | null;
    }[];
  } | null;
}

export interface VerifyResult {
  readonly result: 'whole' | 'stored' | 'damaged' | 'unreadable';
  readonly message: string | null;
}

export interface TagView {
  readonly name: string;
  readonly scheme: 'deployment' | 'release';
  /** The service, or the stack. */
  readonly subject: string;
  readonly version: string;
  readonly environment: string | null;
  readonly commit: string;
  readonly time: string;
  readonly message: string;
}

export interface TagStatus {
  readonly tag: TagView;
  readonly stack: string;
  readonly deployed: boolean;
  readonly deployment: string | null;
  /** Files of the stack. */
  readonly differs: readonly string[];
}

export interface InstanceView {
  readonly id: string;
  readonly status: 'creating' | 'running' | 'stopped' | 'failed' | 'node_deleted';
  readonly message: string | null;
  readonly node: string;
  /** Such as `tcp://203.0.113.7:31001`. */
  readonly urls: readonly string[];
  readonly ports: readonly {
    readonly container_port: number;
    readonly protocol: string;
    readonly node_port: number;
  }[];
  readonly images: readonly string[];
  readonly cpu_millis: number;
  readonly memory_bytes: number;
  readonly created_at: string;
  readonly expires_at: string;
}

export interface InstanceList {
  /** False: this server runs none. */
  readonly enabled: boolean;
  readonly instances: readonly InstanceView[];
  readonly pagination: Pagination;
}

export interface KeyView {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly created_at: string;
  /** The key that stands in a file of the state directory. */
  readonly is_file: boolean;
}

export interface UserView {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly role: Role;
  /** Place where the user signs in, where that is another one. */
  readonly provider: string | null;
  readonly has_password: boolean;
  readonly created_at: string;
}

export interface LoginView {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly method: 'key' | 'password' | 'link' | 'provider';
  readonly created_at: string;
  readonly seen_at: string;
  readonly expires_at: string;
  readonly address: string;
  readonly user_agent: string;
  readonly is_current: boolean;
}

export interface AuditEntry {
  readonly id: number;
  readonly time: string;
  readonly first_time: string;
  /** Requests that it stands for. */
  readonly count: number;
  readonly actor: { readonly name: string; readonly email: string; readonly via: string };
  readonly address: string | null;
  readonly action: string;
  readonly method: string | null;
  readonly path: string | null;
  readonly object: Readonly<Record<string, string>>;
  readonly outcome: { readonly status: number | null; readonly code: string | null };
  readonly job_id: string | null;
  readonly commit: string | null;
}

export interface AuditList {
  readonly entries: readonly AuditEntry[];
  readonly pagination: Pagination;
}
