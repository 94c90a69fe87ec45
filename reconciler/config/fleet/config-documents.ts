import { posix } from 'node:path';
import { toDiagnostics } from '../kombination/analyze.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { PolicyModel } from '../kombination/kombination.ts';
import { readConnectionAt, readPolicy } from '../kombination/read-kombination.ts';
import type { RegistrySetting } from '../../model/registry.ts';
import type { SchemaCheck } from '../schema-check.ts';
import type { DockerConnection, TargetReference } from '../../model/target.ts';
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

export function readNodeDocument(file: string, text: string, checkSchema: SchemaCheck): NodeDocument {
  const name = posix.basename(file).replace(/\.ya?ml$/, '');
  let connection: DockerConnection | undefined;
  const { diagnostics } = readDocument({
    file,
    text,
    checkSchema,
    kind: 'node',
    also: (fields, collector) => {
      connection = readConnectionAt(fields['connection'], [], collector);
      const writtenName = asString(fields['name']);
      if (writtenName === undefined || writtenName === name) return;
      const message = `the file is called ${posix.basename(file)}, and the node ${writtenName}`;
      collector.error('INVALID_VALUE', ['name'], message, { hint: 'take out name, or rename the file' });
    },
  });
  const broken = connection === undefined || diagnostics.some(({ severity }) => severity === 'error');
  const reference = broken || !connection ? null : { name, kind: 'docker' as const, connection };
  return { name, file, reference, diagnostics };
}

interface ReadOptions {
  readonly file: string;
  readonly text: string;
  readonly checkSchema: SchemaCheck;
  readonly kind: 'repository' | 'node';
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
