import type { BackupPolicy } from '../database/backup.ts';
import type { DatabaseSettings } from '../database/settings.ts';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { NotifyChoice } from './notify/events.ts';
import type { JsonObject } from '../base/json.ts';
import { canonicalJson, sha256 } from '../base/json.ts';
import type { DesiredResource } from './resource.ts';
import type { Spec } from './secret.ts';
import { digestSpec, visibleSpec } from './secret.ts';
import type { TargetReference } from './target.ts';

export type StackKind = 'kombination' | 'workflow' | 'instance';
/** Kinds that a file describes. */
export type DescribedKind = Exclude<StackKind, 'instance'>;

/**
 * `fix` repairs drift as soon as it is seen; `alert` only reports it; `propose` reports it, and commits what runs as the description on
 * a branch of its own.
 */
export type DriftMode = 'fix' | 'alert' | 'propose';

/** `manual` plans only: somebody applies. */
export type SyncMode = 'auto' | 'manual';

/** Treatment of resources that are no longer described; `confirm` waits for a yes. */
export type PruneMode = 'yes' | 'no' | 'confirm';

/** A field that may differ from what was deployed. */
export interface IgnoredField {
  /** Id of the resource. */
  readonly resource: string;
  /** Dotted path inside the spec, as `FieldChange` has it; all below it is meant as well. */
  readonly field: string;
}

export interface StackPolicy {
  readonly drift: DriftMode;
  /** Cron expression; left out: no checks of drift beside those that are made anyway. */
  readonly driftSchedule?: string;
  /** Default auto. */
  readonly sync: SyncMode;
  /** Default yes. Volumes are kept all the same. */
  readonly prune: PruneMode;
  /** More deletions of owned resources than this in one plan need a confirmation. Default 10. */
  readonly maxDeletions: number;
  /** Milliseconds that a program without a health check has to run before it counts as well. Default: the operator's. */
  readonly stableMs?: number;
  /** See `DesiredResource.takeOver`. */
  readonly takeOver?: readonly string[];
  /** Default: none. */
  readonly ignoreDrift?: readonly IgnoredField[];
  /** Channels of the operator that news of it go to. Left out: those that are for all. */
  readonly notify?: NotifyChoice;
}

export const DEFAULT_POLICY: StackPolicy = { drift: 'fix', sync: 'auto', prune: 'yes', maxDeletions: 10 };

/** One service of a stack as people see it; one service may render to several resources. */
export interface ServiceView {
  readonly name: string;
  readonly node: string;
  readonly image: string;
  /** Services (not resources) it waits for or requires. */
  readonly dependsOn: readonly string[];
  /** `host:container/protocol` */
  readonly ports: readonly string[];
  /** The id of its (first) container or workload; the others' end in `#2`, `#3` and so on. */
  readonly resource: string;
  /** Number of containers; left out: 1. */
  readonly replicas?: number;
  /** Settings of its database; left out where the image tells everything, or is none. */
  readonly database?: DatabaseSettings;
}

/** A command that runs once for each deployment, in a container of its own. */
export interface DesiredHook {
  readonly stage: HookStage;
  readonly name: string;
  /** The container; no resource of the stack. */
  readonly resource: DesiredResource;
  readonly image: DesiredResource;
  readonly timeoutMs: number;
}

/** `draft` is only checked, `published` is applied, the objects of an `archived` one are removed. */
export type WorkflowStatus = 'draft' | 'published' | 'archived';

/** The part of a workflow's file that lists show. */
export interface WorkflowSummary {
  /** `id` of the file; `null` when it has none. */
  readonly id: string | null;
  /** Name for people; the stack's own when the file has none. */
  readonly title: string;
  readonly description: string;
  readonly status: WorkflowStatus;
  /** Name of the cluster; `''` when the file does not say. */
  readonly cluster: string;
  /** Number of its nodes. */
  readonly nodes: number;
}

/** State that one stack should have at one revision. */
export interface DesiredStack {
  readonly name: string;
  readonly kind: StackKind;
  /** Repository path of the file that describes it. */
  readonly file: string;
  /** Element of the template that the file is; left out: the file describes this stack alone. */
  readonly element?: string;
  /** Kit name, `''` when none is used. */
  readonly stackkit: string;
  readonly targets: readonly TargetReference[];
  readonly services: readonly ServiceView[];
  readonly resources: readonly DesiredResource[];
  /** Other stacks that have to be in sync before this one is applied. */
  readonly dependsOn: readonly string[];
  /** Hooks in the order in which they run. */
  readonly hooks: readonly DesiredHook[];
  readonly policy: StackPolicy;
  readonly backup?: BackupPolicy;
  /** The Compose project whose containers, networks and volumes are its own; `services` ran when it was adopted. */
  readonly adopts?: {
    readonly project: string;
    readonly services: readonly string[];
    /** Digests that the builds of services had then. */
    readonly built?: Readonly<Record<string, string>>;
  };
  /** True when what runs is left as it is until the description says that it counts. */
  readonly paused?: boolean;
  readonly diagnostics: readonly Diagnostic[];
  /** The document as written (parsed YAML), for APIs that answer it. */
  readonly document: unknown;
}

/** The part of a description that lists show; it is kept longer than what is rendered. */
export type ShownStack = Pick<
  DesiredStack,
  'name' | 'kind' | 'file' | 'stackkit' | 'targets' | 'services' | 'diagnostics'
>;

/** Changes when anything that would be put on a target changes; the revision alone does not count. Sealed where something of it is masked. */
export function stackDigest(resources: readonly DesiredResource[]): string {
  const digest = digestOf(resources, digestSpec);
  const seal = resources.find((resource) => resource.seal !== undefined)?.seal;
  return seal === undefined ? digest : seal.of(digest, digestOf(resources, visibleSpec));
}

function digestOf(resources: readonly DesiredResource[], read: (spec: Spec) => JsonObject): string {
  const parts = resources.map((resource) => [resource.id, canonicalJson(read(resource.spec))] as const);
  parts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return sha256(JSON.stringify(parts)).slice(0, 32);
}

/** Stages in the order in which they come in a deployment; all but the last before anything is changed. */
export const HOOK_STAGES = ['pre_validate', 'post_generate', 'pre_deploy', 'post_deploy'] as const;
export type HookStage = (typeof HOOK_STAGES)[number];
