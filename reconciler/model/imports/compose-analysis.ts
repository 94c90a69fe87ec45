import type { Fields } from '../../base/values.ts';

/*
 * A Compose project as it is shown to people before it becomes a workflow: what was found, what is left out and why, and the graph that
 * it would be.
 */

export interface ComposePort {
  readonly hostIp?: string;
  readonly hostPort?: number;
  readonly containerPort: number;
  /** `tcp`, `udp` or `sctp`. */
  readonly protocol: string;
}

export interface ComposeVolumeUse {
  /** Name of a volume, or path on the machine; `''`: neither. */
  readonly source: string;
  readonly target: string;
  readonly readonly?: boolean;
  readonly type: 'bind' | 'volume' | 'tmpfs';
}

export interface ComposeBuild {
  /** Path from the directory of the first Compose file. */
  readonly context: string;
  readonly dockerfile?: string;
  /** Names and values; those with sensitive names read `***`. */
  readonly args?: Readonly<Record<string, string>>;
  readonly target?: string;
}

/** A service, its short forms spelled out. Lists and maps that say nothing are left out. */
export interface ComposeService {
  readonly name: string;
  readonly image?: string;
  readonly build?: ComposeBuild;
  readonly ports?: readonly ComposePort[];
  /** Values that stay out of the workflow read `***`. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly ComposeVolumeUse[];
  readonly dependsOn?: readonly string[];
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly networks?: readonly string[];
  readonly replicas?: number;
  /** Durations as Compose writes them. */
  readonly healthcheck?: Fields;
  readonly labels?: Readonly<Record<string, string>>;
  readonly resources?: Fields;
  readonly restart?: string;
  readonly workingDir?: string;
}

/** A volume or network at the top of the project. */
export interface ComposePart {
  readonly name: string;
  readonly driver?: string;
  readonly external?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A fault of the project. What it is about is left out of the graph. */
export interface ComposeFault {
  readonly code: string;
  readonly message: string;
  readonly service?: string;
  /** Path inside the service, or the document: `ports[0]`. */
  readonly field?: string;
}

/** A node in the words of a workflow file. */
export interface GraphNode {
  readonly id: string;
  /** Type of node, such as `deployment`. */
  readonly type: string;
  readonly position: { readonly x: number; readonly y: number };
  readonly data: Fields;
}

export interface GraphEdge {
  readonly source: string;
  readonly target: string;
}

export interface ComposeAnalysis {
  /** Name of the project. */
  readonly name: string;
  readonly services: readonly ComposeService[];
  readonly volumes: readonly ComposePart[];
  readonly networks: readonly ComposePart[];
  /** One for each key that has no place in a workflow, and for all that is otherwise than before. */
  readonly warnings: readonly string[];
  readonly errors: readonly ComposeFault[];
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
  /** Services whose image has to be built first. */
  readonly unbuilt: readonly string[];
}
