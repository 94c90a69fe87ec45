import type { Diagnostic, Pagination, PlanDocument, StackRow, StackState } from './api-types.ts';

export type Fields = Readonly<Record<string, unknown>>;

export type Publication = 'draft' | 'published' | 'archived';

export interface WorkflowRow {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly publication: Publication;
  readonly cluster: string;
  readonly nodes_count: number;
  readonly stack: StackRow;
}

export interface WorkflowList {
  readonly workflows: readonly WorkflowRow[];
  readonly pagination: Pagination;
  readonly counts: Readonly<Partial<Record<StackState, number>>>;
}

/** JSON Schema, as far as forms are made from it. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly enum?: readonly (string | number)[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly examples?: readonly unknown[];
}

/** Kind of node that can be put into a workflow. */
export interface Template {
  readonly id: string;
  readonly type: string;
  readonly plugin_id: string | null;
  readonly display_name: string;
  readonly category: string;
  readonly description: string;
  /** Fields that most nodes of it give. */
  readonly usual: readonly string[];
  readonly schema: JsonSchema;
}

export interface LinkRule {
  readonly kind: string;
  readonly provider: readonly string[];
  readonly dependent: readonly string[];
  readonly fields: readonly string[];
}

export interface Catalogue {
  readonly templates: readonly Template[];
  readonly definitions: Readonly<Record<string, JsonSchema>>;
  readonly links: readonly LinkRule[];
  /** Types that run something. */
  readonly workloads: readonly string[];
  /** Types that can be anything. */
  readonly open: readonly string[];
}

/** Value that a connection gives to a field that the file leaves blank. */
export interface Fill {
  readonly node: string;
  readonly field: string;
  readonly value: unknown;
  readonly kind: 'field' | 'mount' | 'variable';
}

export interface Connection {
  /** Place among the edges. */
  readonly index: number;
  readonly source: string;
  readonly target: string;
  /** `null`: only the order. */
  readonly link: string | null;
  readonly first: string;
  readonly second: string;
  readonly fills: readonly Fill[];
}

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  readonly connections: readonly Connection[];
}

export interface StackFile {
  readonly path: string;
  readonly text: string | null;
  readonly main: boolean;
  readonly masked: boolean;
}

export interface StackFiles {
  readonly revision: string;
  readonly files: readonly StackFile[];
}

export interface FilesPreview {
  readonly diff: readonly { readonly path: string; readonly diff: string }[];
  readonly diagnostics: readonly Diagnostic[];
  readonly plan: PlanDocument | null;
}

export interface VersionView {
  readonly number: number;
  readonly commit: string;
  readonly name: string;
  readonly label: string;
  readonly description: string;
  readonly author: string;
  readonly time: string;
  readonly automatic: boolean;
  readonly job_id: string | null;
}

export interface WorkflowNode {
  readonly id: string;
  readonly type: string;
  readonly position?: { readonly x: number; readonly y: number };
  readonly data: Fields;
}

export interface WorkflowEdge {
  readonly id?: string;
  readonly source: string;
  readonly target: string;
  readonly sourceHandle?: string | null;
  readonly targetHandle?: string | null;
}

export interface GraphDifference {
  readonly added_nodes: readonly WorkflowNode[];
  readonly removed_nodes: readonly WorkflowNode[];
  readonly modified_nodes: readonly { readonly before: WorkflowNode; readonly after: WorkflowNode }[];
  readonly added_edges: readonly WorkflowEdge[];
  readonly removed_edges: readonly WorkflowEdge[];
}

export interface ResourceView {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly status: string;
  readonly message: string | null;
}

/** Resources of a stack, as `GET /stacks/{id}/resources` tells them. */
export interface ResourceTree {
  readonly services: readonly { readonly resources: readonly ResourceView[] }[];
  readonly others: readonly ResourceView[];
}
