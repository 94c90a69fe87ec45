import { posix } from 'node:path';
import { toDiagnostics } from '../kombination/analyze.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import { clusterKey } from '../kombination/cluster-node.ts';
import type { FleetRules } from './config-documents.ts';
import { checkConnection } from './config-documents.ts';
import { clusterEntry, vaultReference } from '../../model/secret-reference.ts';
import type { KubernetesConnection, KubernetesReference } from '../../model/target.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, defined, own } from '../../base/values.ts';
import { parseYaml } from '../yaml-document.ts';

/** Words of a cluster's file for people, and whether it is the default one. */
export interface ClusterAbout {
  readonly displayName?: string;
  readonly description?: string;
  readonly authType?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly isDefault: boolean;
}

function readAbout(fields: Fields): ClusterAbout {
  const labels = Object.entries(asFields(fields['labels']) ?? {}).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  const [displayName, description, authType] = ['displayName', 'description', 'authType'].map((key) =>
    asString(own(fields, key)),
  );
  return defined({
    displayName,
    description,
    authType,
    labels: Object.fromEntries(labels),
    isDefault: fields['default'] === true,
  });
}

/** `clusters/<name>.yaml` as read. */
export interface ClusterDocument {
  readonly name: string;
  readonly file: string;
  /** `null` when the file has errors. */
  readonly reference: KubernetesReference | null;
  readonly about: ClusterAbout;
  readonly diagnostics: readonly Diagnostic[];
}

export function readClusterDocument(file: string, text: string, rules: FleetRules): ClusterDocument {
  const { checkSchema } = rules;
  const name = posix.basename(file).replace(/\.ya?ml$/, '');
  const collector = createDiagnosticCollector();
  const document = parseYaml(text);
  if (document.problems.length === 0) checkSchema('cluster', document.value ?? {}, collector);
  const fields = asFields(document.value) ?? {};
  checkName(name, file, { fields, collector });
  const given = readGivenConnection(name, fields, collector);
  const connection = given ?? readClusterConnection(fields, collector);
  const reference = connection && ({ name, kind: 'kubernetes', connection } as const);
  const way = WAYS.find((one) => fields[one] !== undefined) ?? 'name';
  // An admin has allowed the address with the credentials; for any other there are none.
  if (given === undefined || rules.policy?.targets.has(clusterKey(name)) === true)
    checkConnection(rules, reference, { key: clusterKey(name), path: [way] }, collector);
  const diagnostics = toDiagnostics(file, document, collector.list);
  const broken = diagnostics.some(({ severity }) => severity === 'error');
  return {
    name,
    file,
    reference: broken ? null : (reference ?? null),
    about: readAbout(fields),
    diagnostics,
  };
}

/** The connection of a cluster whose credentials were given over the API. */
function readGivenConnection(
  name: string,
  fields: Fields,
  collector: DiagnosticCollector,
): KubernetesConnection | undefined {
  const generation = /^vault\/(\d+)$/.exec(asString(fields['credentials']) ?? '')?.[1];
  if (generation === undefined) return undefined;
  for (const key of ['kubeconfig', 'inCluster', ...Object.keys(BELONGS)]) {
    if (own(fields, key) === undefined) continue;
    const hint = 'the credentials are in the vault of the state directory';
    collector.error('INVALID_VALUE', [key], `${key} does not go with credentials`, { at: 'key', hint });
  }
  const server = asString(fields['server'])?.replace(/\/+$/, '');
  if (server === undefined) {
    collector.error('REQUIRED', ['server'], 'the address of the server is missing');
    return undefined;
  }
  const source = vaultReference(clusterEntry(name, server), 'kubeconfig');
  return { type: 'kubeconfig', source, address: server, generation: Number(generation) };
}

interface Reading {
  readonly fields: Fields;
  readonly collector: DiagnosticCollector;
}

function checkName(name: string, file: string, { fields, collector }: Reading): void {
  const writtenName = asString(fields['name']);
  if (writtenName === undefined || writtenName === name) return;
  const message = `the file is called ${posix.basename(file)}, and the cluster ${writtenName}`;
  collector.error('INVALID_VALUE', ['name'], message, { hint: 'take out name, or rename the file' });
}

const WAYS = ['kubeconfig', 'server', 'inCluster'] as const;
/** Keys that go with one way only. */
const BELONGS: Readonly<Record<string, (typeof WAYS)[number]>> = {
  context: 'kubeconfig',
  ca: 'server',
  token: 'server',
  clientCertificate: 'server',
  clientKey: 'server',
};

/** Reads how a cluster is reached, from the keys of its file, which the schema has passed. */
export function readClusterConnection(
  fields: Fields,
  collector: DiagnosticCollector,
): KubernetesConnection | undefined {
  const ways = WAYS.filter((way) => fields[way] !== undefined);
  const [way] = ways;
  if (way === undefined || ways.length > 1) {
    const hint = 'give one of kubeconfig, server and inCluster: true';
    const message = way === undefined ? 'says no way to reach the cluster' : `says ${ways.join(' and ')}`;
    collector.error(way === undefined ? 'REQUIRED' : 'INVALID_VALUE', [ways[1] ?? 'kubeconfig'], message, {
      hint,
    });
    return undefined;
  }
  for (const [key, owner] of Object.entries(BELONGS)) {
    if (own(fields, key) === undefined || owner === way) continue;
    collector.error('INVALID_VALUE', [key], `${key} goes with ${owner} only`, { at: 'key' });
  }
  if (way === 'inCluster') return { type: 'in-cluster' };
  if (way === 'kubeconfig') {
    const source = asString(fields['kubeconfig']) ?? '';
    return defined({ type: 'kubeconfig' as const, source, context: asString(fields['context']) });
  }
  return readServer(fields, collector);
}

function readServer(fields: Fields, collector: DiagnosticCollector): KubernetesConnection {
  const certificate = asString(fields['clientCertificate']);
  const key = asString(fields['clientKey']);
  if ((certificate === undefined) !== (key === undefined)) {
    const missing = certificate === undefined ? 'clientCertificate' : 'clientKey';
    collector.error('REQUIRED', [missing], `${missing} is missing: certificate and key go together`);
  }
  const token = asString(fields['token']);
  const given = [token, certificate].filter((one) => one !== undefined);
  // A proxy on this machine brings credentials of its own.
  const plain = asString(fields['server'])?.startsWith('http:') === true;
  if (given.length > 1 || (given.length === 0 && !plain)) {
    const message = given.length === 0 ? 'has no credentials' : 'has more than one kind of credentials';
    const hint = 'give token, or clientCertificate with clientKey';
    collector.error('INVALID_VALUE', ['server'], message, { hint });
  }
  return defined({
    type: 'server' as const,
    url: (asString(fields['server']) ?? '').replace(/\/+$/, ''),
    ca: asString(fields['ca']),
    token,
    client: certificate === undefined || key === undefined ? undefined : { certificate, key },
  });
}
