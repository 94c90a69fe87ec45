import { posix } from 'node:path';
import { toDiagnostics } from '../kombination/analyze.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { PolicyModel } from '../kombination/kombination.ts';
import { readConnectionAt, readPolicy } from '../kombination/read-kombination.ts';
import type { RegistrySetting } from '../../model/registry.ts';
import type { SchemaCheck } from '../schema-check.ts';
import type { TargetReference } from '../../model/target.ts';
import { errorMessage } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { NodeKind, NodeKinds } from '../../model/node-kind.ts';
import { NO_NODE_KINDS } from '../../model/node-kind.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import { parseYaml } from '../yaml-document.ts';

/** `kombinator.yaml` as read. */
export interface SettingsDocument {
  readonly policy: PolicyModel;
  readonly registries: readonly RegistrySetting[];
  /** Globs; empty: everything. */
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
}

export const NO_SETTINGS: SettingsDocument = {
  policy: {},
  registries: [],
  include: [],
  exclude: [],
  diagnostics: [],
};

export function readSettingsDocument(file: string, text: string, checkSchema: SchemaCheck): SettingsDocument {
  let policy: PolicyModel = {};
  const { fields, diagnostics } = readDocument({
    file,
    text,
    checkSchema,
    kind: 'repository',
    also: (document, collector) => {
      policy = readPolicy(document, collector);
    },
  });
  const registries = (asList(fields['registries']) ?? []).flatMap((item) => {
    const registry = asFields(item) ?? {};
    const host = asString(registry['host']);
    const username = asString(registry['username']);
    const password = asString(registry['password']);
    if (host === undefined || username === undefined || !password?.startsWith('secret://')) return [];
    return [{ host, username, password }];
  });
  const globs = (key: string): readonly string[] =>
    (asList(fields[key]) ?? []).filter((glob) => typeof glob === 'string');
  return {
    policy,
    registries,
    include: globs('include'),
    exclude: globs('exclude'),
    diagnostics,
  };
}

/** `nodes/<name>.yaml` as read. */
export interface NodeDocument {
  readonly name: string;
  readonly file: string;
  /** `null` when the file has errors. */
  readonly reference: TargetReference | null;
  readonly diagnostics: readonly Diagnostic[];
}

/** @param kinds those that were registered; any other node is a machine with a Docker Engine */
export function readNodeDocument(
  file: string,
  text: string,
  checkSchema: SchemaCheck,
  kinds: NodeKinds = NO_NODE_KINDS,
): NodeDocument {
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
      const writtenName = asString(fields['name']);
      if (writtenName === undefined || writtenName === name) return;
      const message = `the file is called ${posix.basename(file)}, and the node ${writtenName}`;
      collector.error('INVALID_VALUE', ['name'], message, { hint: 'take out name, or rename the file' });
    },
  });
  const broken = diagnostics.some(({ severity }) => severity === 'error');
  return { name, file, reference: broken ? null : (reference ?? null), diagnostics };
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
