import { posix } from 'node:path';
import { toDiagnostics } from '../kombination/analyze.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { PolicyModel } from '../kombination/kombination.ts';
import type { ImageUpdates } from '../../model/docker/image-update.ts';
import { readImageUpdates } from '../kombination/checks/image-update.ts';
import { checkChannels } from '../kombination/notify-policy.ts';
import { readConnectionAt, readPolicy } from '../kombination/read-kombination.ts';
import type { RegistrySetting } from '../../model/registry.ts';
import type { RegistryEntry } from '../../model/registry-entry.ts';
import type { SchemaCheck } from '../schema-check.ts';
import type { KubernetesReference, TargetReference } from '../../model/target.ts';
import { errorMessage } from '../../base/errors.ts';
import { isProblem } from '../../base/problem.ts';
import type { JsonObject } from '../../base/json.ts';
import type { DocumentPath } from '../../base/document-path.ts';
import type { Need, OperatorPolicy } from '../../model/operator-policy.ts';
import { grantLine, missingGrants, OPEN_POLICY, quote } from '../../model/operator-policy.ts';
import { mayNameRegistry, refusedConnection } from '../../model/policy-connections.ts';
import type { NodeKind, NodeKinds } from '../../model/node-kind.ts';
import { NO_NODE_KINDS } from '../../model/node-kind.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString, own } from '../../base/values.ts';
import { parseGlob } from '../glob.ts';
import { readRegistryEntries } from './registry-entries.ts';
import { parseYaml } from '../yaml-document.ts';

/** `kombinator.yaml` as read. */
export interface SettingsDocument {
  readonly policy: PolicyModel;
  /** Credentials by reference that may be used. */
  readonly registries: readonly RegistrySetting[];
  /** Everything that is listed. */
  readonly registryEntries: readonly RegistryEntry[];
  /** Globs; empty: everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly compose: ComposeSettings;
  /** `null`: newer images are not looked for. */
  readonly imageUpdates: ImageUpdates | null;
  /** Stacks that were given back. */
  readonly released: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Compose files that are stacks by themselves. */
export interface ComposeSettings {
  /** Globs; empty: none. */
  readonly files: readonly string[];
  /** Directory of the hosts that the repository stands for. */
  readonly dataDir?: string;
  /** Their projects are theirs as they run. */
  readonly adopts: boolean;
}

/** The rules that documents of the fleet are read by. */
export interface FleetRules {
  readonly checkSchema: SchemaCheck;
  /** Kinds of targets that were registered; any other node is a machine with a Docker Engine. Default: none. */
  readonly kinds?: NodeKinds;
  /** Default: everything is allowed. */
  readonly policy?: OperatorPolicy;
}

export const NO_SETTINGS: SettingsDocument = {
  policy: {},
  registries: [],
  registryEntries: [],
  include: [],
  exclude: [],
  compose: { files: [], adopts: false },
  imageUpdates: null,
  released: [],
  diagnostics: [],
};

export function readSettingsDocument(file: string, text: string, rules: FleetRules): SettingsDocument {
  const { checkSchema } = rules;
  let policy: PolicyModel = {};
  let registries: readonly RegistrySetting[] = [];
  let registryEntries: readonly RegistryEntry[] = [];
  let imageUpdates: ImageUpdates | null = null;
  const { fields, diagnostics } = readDocument({
    file,
    text,
    checkSchema,
    kind: 'repository',
    also: (document, collector) => {
      policy = readPolicy(document, collector);
      checkChannels(policy.notify, null, rules.policy ?? OPEN_POLICY, collector);
      for (const key of ['include', 'exclude', 'compose']) checkGlobs(own(document, key), key, collector);
      registryEntries = readRegistryEntries(document, collector);
      imageUpdates = readImageUpdates(document, collector);
      registries = readRegistries(document, rules.policy ?? OPEN_POLICY, collector);
    },
  });
  const globs = (key: string): readonly string[] => {
    const value = own(fields, key);
    return (typeof value === 'string' ? [value] : (asList(value) ?? [])).filter(
      (glob) => typeof glob === 'string',
    );
  };
  return {
    policy,
    registries,
    registryEntries,
    include: globs('include'),
    exclude: globs('exclude'),
    compose: readCompose(fields, globs),
    imageUpdates,
    released: globs('released'),
    diagnostics,
  };
}

function readCompose(fields: Fields | undefined, globs: (key: string) => readonly string[]): ComposeSettings {
  const dataDir = asString(own(fields, 'data_dir'));
  return {
    files: globs('compose'),
    adopts: own(fields, 'adopts') === true,
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}

function checkGlobs(value: unknown, key: string, collector: DiagnosticCollector): void {
  for (const [index, glob] of (asList(value) ?? []).entries()) {
    const found = typeof glob === 'string' ? parseGlob(glob) : undefined;
    if (isProblem(found))
      collector.error('INVALID_FORMAT', [key, index], found.problem, { hint: found.hint });
  }
}

function readRegistries(
  fields: Fields,
  policy: OperatorPolicy,
  collector: DiagnosticCollector,
): readonly RegistrySetting[] {
  return (asList(fields['registries']) ?? []).flatMap((item, index) => {
    const registry = asFields(item) ?? {};
    const host = asString(registry['host']);
    const username = asString(registry['username']);
    const password = asString(registry['password']);
    if (host === undefined || username === undefined || !password?.startsWith('secret://')) return [];
    const place = ['registries', index] as const;
    if (mayNameRegistry(policy, host)) {
      // An error here would hold up all stacks, also those that pull nothing from there.
      const [refused] = refusedSecrets(policy, [password]);
      if (refused === undefined) return [{ host, username, password }];
      collector.warning('NOT_ALLOWED', [...place, 'password'], `${refused.message}: it is not used`, refused);
      return [];
    }
    const message = `these credentials for ${host} are not used: the operator has not allowed a repository to name any`;
    const hint = `give them in the operator's configuration, under registries:, or allow it there: policy: { allow: { registries: [${quote(host)}] } }`;
    collector.warning('NOT_ALLOWED', [...place, 'host'], message, { hint });
    return [];
  });
}

/** `nodes/<name>.yaml` as read. */
export interface NodeDocument {
  readonly name: string;
  readonly file: string;
  /** `null` when the file has errors. */
  readonly reference: TargetReference | null;
  readonly diagnostics: readonly Diagnostic[];
}

export function readNodeDocument(file: string, text: string, rules: FleetRules): NodeDocument {
  const { checkSchema, kinds = NO_NODE_KINDS } = rules;
  const name = posix.basename(file).replace(/\.ya?ml$/, '');
  let reference: TargetReference | undefined;
  const document = parseYaml(text);
  const kind = kinds.get(asString(asFields(document.value)?.['type']) ?? '');
  const { diagnostics } = readDocument({
    file,
    text,
    checkSchema,
    kind: kind === undefined ? 'node' : `node:${kind.kind}`,
    also: (fields, collector) => {
      reference = kind
        ? readExtension(name, { kind, fields }, collector)
        : readMachine(name, fields, collector);
      checkConnection(rules, reference, { key: name, path: ['connection'] }, collector);
      const writtenName = asString(fields['name']);
      if (writtenName === undefined || writtenName === name) return;
      const message = `the file is called ${posix.basename(file)}, and the node ${writtenName}`;
      collector.error('INVALID_VALUE', ['name'], message, { hint: 'take out name, or rename the file' });
    },
  });
  const broken = diagnostics.some(({ severity }) => severity === 'error');
  return { name, file, reference: broken ? null : (reference ?? null), diagnostics };
}

/** Holds the connection of a file against the policy; one that the operator has defined under the same name is used instead of it. */
export function checkConnection(
  { policy = OPEN_POLICY }: FleetRules,
  reference: TargetReference | undefined,
  { key, path }: { readonly key: string; readonly path: DocumentPath },
  collector: DiagnosticCollector,
): void {
  if (reference === undefined) return;
  if (policy.targets.has(key)) {
    const message = `how ${reference.name} is reached is said in the operator's configuration; what stands here is not used`;
    collector.warning('NOT_APPLIED', path, message);
    return;
  }
  const refused = refusedConnection(policy, reference);
  if (refused) collector.error('NOT_ALLOWED', path, refused.message, { hint: refused.hint });
  else if (reference.kind === 'kubernetes')
    for (const { message, hint } of refusedSecrets(policy, secretsOf(reference)))
      collector.error('NOT_ALLOWED', path, message, { hint });
}

function secretsOf({ connection }: KubernetesReference): readonly string[] {
  const named =
    connection.type === 'kubeconfig'
      ? [connection.source]
      : connection.type === 'server'
        ? [connection.ca, connection.token, connection.client?.certificate, connection.client?.key]
        : [];
  return named.filter((one) => one !== undefined).filter((one) => one.startsWith('secret://'));
}

/** Secrets that all stacks share have to be allowed to all: says why those may not be used that are not. */
function refusedSecrets(
  policy: OperatorPolicy,
  references: readonly string[],
): readonly { readonly message: string; readonly hint: string }[] {
  const needs = references.map((one): Need => ({ grant: 'secrets', value: one.slice('secret://'.length) }));
  return missingGrants({ ...policy, stacks: [] }, '', needs).map((need) => ({
    message: `secret://${need.value} would be used for all stacks, which the operator has not allowed`,
    hint: `a line of the operator's configuration allows it: policy: { allow: { ${grantLine(need)} } }`,
  }));
}

function readMachine(
  name: string,
  fields: Fields,
  collector: DiagnosticCollector,
): TargetReference | undefined {
  const connection = readConnectionAt(fields['connection'], [], collector);
  return connection && { name, kind: 'docker', connection };
}

/** A connection that has the wrong form never gets further than this. */
function readExtension(
  name: string,
  { kind, fields }: { readonly kind: NodeKind; readonly fields: Fields },
  collector: DiagnosticCollector,
): TargetReference | undefined {
  if (collector.list.some(({ severity }) => severity === 'error')) return undefined;
  const connection = (asFields(fields['connection']) ?? {}) as JsonObject;
  try {
    return { name, kind: 'extension', type: kind.kind, address: kind.addressOf(connection), connection };
  } catch (error) {
    collector.error('INVALID_VALUE', ['connection'], errorMessage(error));
    return undefined;
  }
}

interface ReadOptions {
  readonly file: string;
  readonly text: string;
  readonly checkSchema: SchemaCheck;
  readonly kind: 'repository' | 'node' | `node:${string}`;
  /** More checks than the schema can make. */
  readonly also?: (fields: Readonly<Record<string, unknown>>, collector: DiagnosticCollector) => void;
}

function readDocument({ file, text, checkSchema, kind, also }: ReadOptions) {
  const collector = createDiagnosticCollector();
  const document = parseYaml(text);
  // An empty file says nothing, which is all right where everything is optional.
  if (document.problems.length === 0) checkSchema(kind, document.value ?? {}, collector);
  const fields = asFields(document.value) ?? {};
  also?.(fields, collector);
  return { fields, diagnostics: toDiagnostics(file, document, collector.list) };
}
