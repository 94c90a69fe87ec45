import type { JsonObject } from '../base/json.ts';

/** The catalogue: what editors of workflows offer as nodes, of Kubernetes itself and of plugins, whose nodes are objects of operators. */

export interface TemplateParameter {
  /** Key of the node's data. */
  readonly name: string;
  readonly label: string;
  readonly description: string;
  /** `string`, `number`, `boolean`, `select`, `object` or `array`. */
  readonly type: string;
  readonly required: boolean;
  readonly default?: unknown;
  readonly options?: readonly { readonly value: string; readonly label: string }[];
  readonly min?: number;
  readonly max?: number;
}

export interface NodeTemplate {
  /** `core/<type>`; of a plugin the name of the node type. */
  readonly id: string;
  /** Type of the node; of a plugin the name of the node type. */
  readonly name: string;
  readonly displayName: string;
  readonly category: string;
  readonly description: string;
  /** Name of a lucide icon. */
  readonly icon: string;
  readonly version: string;
  readonly tags: readonly string[];
  /** `very-high`, `high`, `medium` or `low`. */
  readonly usageFrequency: string;
  /** `easy`, `medium` or `hard`. */
  readonly difficulty: string;
  /** Ids of templates that it is of little use without. */
  readonly dependencies: readonly string[];
  readonly parameters: readonly TemplateParameter[];
  readonly isPlugin?: true;
  readonly pluginId?: string;
}

export const FIELD_TYPES = ['text', 'number', 'select', 'textarea'] as const;

export type FieldType = (typeof FIELD_TYPES)[number];

export interface PluginField {
  /** Key of the node's data. */
  readonly id: string;
  readonly label: string;
  readonly type: FieldType;
  readonly required: boolean;
  /** Value of a node that says none. */
  readonly default?: string | number;
  /** Values of a `select`. */
  readonly options?: readonly string[];
  /** An example. */
  readonly placeholder?: string;
  /** Place in the object, a JSON pointer (RFC 6901): `/spec/storage/size`. */
  readonly path: string;
  /** The text is YAML: a list, a map, a number or a boolean. */
  readonly yaml?: true;
}

export interface PluginNodeType {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly category: string;
  /** `postgresql.cnpg.io/v1` */
  readonly apiVersion: string;
  readonly kind: string;
  readonly fields: readonly PluginField[];
  /** The object that fields are written into, as YAML; empty: they are all there is. */
  readonly defaultYaml: string;
}

/** Plugins by id; `null`: the repository has one of this name, and it has errors. */
export type PluginCatalogue = ReadonlyMap<string, Plugin | null>;

/** An operator whose objects can be nodes of workflows. */
export interface Plugin {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly category: string;
  readonly version: string;
  /** Group of its resource definitions. */
  readonly crdGroup: string;
  readonly crdKinds: readonly string[];
  readonly nodeTypes: readonly PluginNodeType[];
  /** Path in the repository; left out: it comes along. */
  readonly file?: string;
}

/** A catalogue of services as people choose from it. */
export interface KitView {
  readonly name: string;
  readonly description: string;
  /** Sorted by name. */
  readonly services: readonly KitServiceView[];
  readonly addons: readonly {
    readonly name: string;
    readonly description: string;
    readonly services: readonly string[];
  }[];
}

export interface KitServiceView {
  readonly name: string;
  readonly description: string;
  /** Services of the kit that come along. */
  readonly needs: readonly string[];
  /** JSON Schema of what stands under `config` of the service. */
  readonly options: JsonObject;
}
