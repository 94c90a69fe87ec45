import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import { accept } from '../base/document-diagnostic.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asString } from '../base/values.ts';
import { readClusterConnection } from '../config/fleet/cluster-document.ts';
import { clusterKey } from '../config/kombination/cluster-node.ts';
import { readConnection } from '../model/connection.ts';
import type { Grants, OperatorPolicy, OperatorTarget } from '../model/operator-policy.ts';
import { FLAGS, GRANTS, homePolicy, OPEN_POLICY, readDataDirectory } from '../model/operator-policy.ts';
import type { RegistrySetting } from '../model/registry.ts';
import type { TargetReference } from '../model/target.ts';
import { below } from './instances-config.ts';

/** Reads `policy`, `engines`, `clusters` and `registries` of the operator's configuration, which the schema has passed. */
export function readOperatorPolicy(fields: Fields, collector: DiagnosticCollector): OperatorPolicy {
  const policy = asFields(fields['policy']) ?? {};
  const allow = asFields(policy['allow']) ?? {};
  const everything = policy['allow'] === 'everything';
  const written = asString(policy['dataDirectory']);
  const base = everything
    ? { ...OPEN_POLICY, dataDirectory: readDataDirectory(written) }
    : homePolicy(written);
  const given = readGrants(allow);
  return {
    ...base,
    allow: { ...base.allow, ...given, binds: [...(base.allow.binds ?? []), ...(given.binds ?? [])] },
    stacks: Object.entries(asFields(policy['stacks']) ?? {}).map(([stacks, grants]) => ({
      stacks,
      grants: readGrants(asFields(grants) ?? {}),
    })),
    targets: new Map([
      ...readTargets(fields['engines'], (name, one) => readEngine(name, one, collector)),
      ...readTargets(fields['clusters'], (name, one) => readCluster(name, one, collector), clusterKey),
    ]),
    ...(allow['connections'] === undefined ? {} : { connections: texts(allow['connections']) }),
    keyFiles: texts(allow['keyFiles']),
    registries: texts(allow['registries']),
    credentials: (asList(fields['registries']) ?? []).flatMap(readRegistry),
  };
}

function readGrants(fields: Fields): Grants {
  return Object.fromEntries(
    GRANTS.flatMap((name) => {
      const value = fields[name];
      if (FLAGS.includes(name)) return value === true ? [[name, ['*']]] : [];
      return value === undefined ? [] : [[name, texts(value)]];
    }),
  );
}

function texts(value: unknown): readonly string[] {
  return (asList(value) ?? []).filter((item) => typeof item === 'string');
}

function readTargets(
  listed: unknown,
  read: (name: string, fields: Fields) => TargetReference | undefined,
  keyOf = (name: string) => name,
): readonly (readonly [string, OperatorTarget])[] {
  return Object.entries(asFields(listed) ?? {}).flatMap(([name, value]) => {
    const fields = asFields(value) ?? {};
    const reference = read(name, fields);
    if (reference === undefined) return [];
    const stacks = fields['stacks'] === undefined ? {} : { stacks: texts(fields['stacks']) };
    return [[keyOf(name), { reference, ...stacks }] as const];
  });
}

function readEngine(
  name: string,
  fields: Fields,
  collector: DiagnosticCollector,
): TargetReference | undefined {
  const connection = accept(readConnection(fields), ['engines', name, 'host'], collector);
  return connection && { name, kind: 'docker', connection };
}

function readCluster(
  name: string,
  fields: Fields,
  collector: DiagnosticCollector,
): TargetReference | undefined {
  const connection = readClusterConnection(fields, below(['clusters', name], collector));
  if (connection === undefined) return undefined;
  const runs = connection.type === 'kubeconfig' && fields['exec'] === true;
  return { name, kind: 'kubernetes', connection: runs ? { ...connection, exec: true } : connection };
}

function readRegistry(item: unknown): readonly RegistrySetting[] {
  const fields = asFields(item) ?? {};
  const host = asString(fields['host']);
  const username = asString(fields['username']);
  const password = asString(fields['password']);
  return host === undefined || username === undefined || password === undefined
    ? []
    : [{ host, username, password }];
}
