import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { Fields } from '../../../base/values.ts';
import type { Need } from '../../operator-policy.ts';

/*
 * The columns of the table of container options (`container-options.ts`), and short words to fill them in. Everything that is
 * said about an option follows from its row: how it is read, what the engine is told, what becomes of it on a cluster, and
 * how other tools call it. Members that take a value are methods, so that rows of all types fit one list.
 */

/** Place of a value, and what stands beside it. */
export interface ReadContext {
  readonly path: DocumentPath;
  readonly diagnostics: DiagnosticCollector;
  readonly service: Fields;
  readonly servicePath: DocumentPath;
}

export interface OptionRow<V> {
  /** Key in `kombination.yaml`, which is that of Compose. */
  readonly key: string;
  /** Another key of a service that the value may come from as well. */
  readonly alsoFrom?: string;
  /** May be `service:<name>` as written, and `container:<name on the engine>` in a spec. */
  readonly isShared?: true;
  /** `undefined`: nothing is said. A value of a wrong type is the schema's to report and passed over. */
  read(value: unknown, context: ReadContext): V | undefined;
  /** Value that a container has anyway: said over a kit's word it counts, and it is left out of the spec. */
  readonly default?: NoInfer<V>;
  readonly docker: DockerField;
  /** The value in the words of the engine. Left out: as it is in the spec. */
  toDocker?(value: NoInfer<V>): unknown;
  /**
   * The value as it stands in a spec, of what inspect says (of all of `HostConfig` where the field has no name); `undefined`: nothing that
   * a container would not have anyway. Left out: as it is.
   */
  fromDocker?(value: unknown): NoInfer<V> | undefined;
  readonly cluster: ClusterSupport<NoInfer<V>>;
  /** The value in the words of Compose. Left out: as it is in the spec. */
  toCompose?(value: NoInfer<V>): unknown;
  readonly tofu: TofuField<NoInfer<V>>;
  /** The parts of a value that reach out of the container, which the operator has to allow. Left out: it reaches nothing outside. */
  needs?(value: NoInfer<V>): readonly Need[];
}

/** The same row; it is here to infer the type of the value from `read`. */
export function option<V>(row: OptionRow<V>): OptionRow<V> {
  return row;
}

/** Place of an option in the body of the engine's "create container". */
export interface DockerField {
  /** `'elsewhere'`: made together with other things, in `adapters/docker/containers`. */
  readonly place: 'Config' | 'HostConfig' | 'elsewhere';
  /** Name of the member; left out: `toDocker` gives several members. */
  readonly name?: string;
  /** Version of the API from which engines know it. Default: all that are spoken to. */
  readonly since?: string;
}

/** A member of the body itself. */
export function configField(name: string): DockerField {
  return { place: 'Config', name };
}

/** A member of `HostConfig`. */
export function hostField(name: string): DockerField {
  return { place: 'HostConfig', name };
}

export const HOST_FIELDS: DockerField = { place: 'HostConfig' };
export const DOCKER_ELSEWHERE: DockerField = { place: 'elsewhere' };

export function since(api: string, field: DockerField): DockerField {
  return { ...field, since: api };
}

export type ClusterVerdict = 'honoured' | 'warning' | 'error' | 'some are errors' | 'some are warnings';

/** Fate of an option on a cluster. */
export interface ClusterSupport<V> {
  readonly verdict: ClusterVerdict;
  /** Way in which it is honoured, or what is said instead; the column of `docs/clusters.md`. */
  readonly how: string;
  readonly rules: readonly ClusterRule<V>[];
}

export interface ClusterRule<V> {
  readonly severity: 'error' | 'warning';
  /** Default: whatever the value is. */
  applies?(value: V): boolean;
  /** After "<key> of <service>". */
  readonly message: string;
  readonly hint?: string;
  /** It reaches the cluster nevertheless. */
  readonly isCarried?: true;
}

/** Tells whether a rule has something to say about a value; `false` asks for nothing. */
export function appliesTo<V>(rule: ClusterRule<V>, value: V): boolean {
  return value !== false && (rule.applies ? rule.applies(value) : true);
}

export const NO_EFFECT = 'has no effect on a cluster';

export function honoured(how: string): ClusterSupport<unknown> {
  return { verdict: 'honoured', how, rules: [] };
}

/** A warning whenever it is said. */
export function ignored(how: string, hint?: string): ClusterSupport<unknown> {
  return { verdict: 'warning', how, rules: [without(hint)] };
}

function without(hint?: string): ClusterRule<unknown> {
  return { severity: 'warning', message: NO_EFFECT, ...(hint === undefined ? {} : { hint }) };
}

/** An error whenever it is said. */
export function refused(how: string, message: string, hint: string): ClusterSupport<unknown> {
  return { verdict: 'error', how, rules: [{ severity: 'error', message, hint }] };
}

export type TofuValue =
  | string
  | number
  | boolean
  | readonly TofuValue[]
  | { readonly [key: string]: TofuValue };
export type TofuAttributes = Readonly<Record<string, TofuValue | undefined>>;

/** Place of an option in a `docker_container` of the OpenTofu provider. */
export type TofuField<V> =
  /** The provider has no word for it, which is noted. */
  | { readonly kind: 'unsupported' }
  /** It is no matter of the container, or makes no difference. */
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'attributes'; write(value: V): TofuAttributes }
  /** Options that name the same block share it. */
  | { readonly kind: 'block'; readonly block: string; readonly attribute: string }
  | { readonly kind: 'blocks'; readonly block: string; write(value: V): readonly TofuAttributes[] };

export const TOFU_UNSUPPORTED: TofuField<unknown> = { kind: 'unsupported' };
export const TOFU_ELSEWHERE: TofuField<unknown> = { kind: 'elsewhere' };

export function attribute<V extends TofuValue>(name: string): TofuField<V> {
  return { kind: 'attributes', write: (value) => ({ [name]: value }) };
}
