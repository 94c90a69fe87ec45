import { stringify } from 'yaml';
import type { AskedFor, GrantName, Need } from '../../model/operator-policy.ts';
import { FLAGS, GRANTS } from '../../model/operator-policy.ts';
import type { TargetReference } from '../../model/target.ts';
import { showText } from '../../base/shown-text.ts';
import { defined } from '../../base/values.ts';

/** The part of the operator's configuration that allows exactly what a repository asks for; `''` when there is nothing to allow. */
export function suggestPolicy({ stacks, targets, connections, keyFiles, registries }: AskedFor): string {
  const ofStacks = [...stacks].toSorted(byName).map(([name, needs]) => [name, grantsOf(needs)] as const);
  const document = filled({
    policy: filled({
      allow: filled({
        connections: some(connections),
        keyFiles: some(keyFiles),
        registries: some(registries),
      }),
      stacks: filled(Object.fromEntries(ofStacks)),
    }),
    engines: filled(
      Object.fromEntries(targets.flatMap((one) => (one.kind === 'docker' ? [engineOf(one)] : []))),
    ),
    clusters: filled(
      Object.fromEntries(targets.flatMap((one) => (one.kind === 'kubernetes' ? [clusterOf(one)] : []))),
    ),
  });
  return document === undefined ? '' : write(document);
}

/** YAML that a terminal shows as it is: its readers are to see what they allow. */
function write(document: object): string {
  const text = stringify(document, { lineWidth: 0 });
  if (showText(text) === text) return text;
  // Quotes are where YAML reads what is written out as what it was.
  const quoted = { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'QUOTE_DOUBLE' } as const;
  return showText(stringify(document, { lineWidth: 0, ...quoted }));
}

function some<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length > 0 ? list : undefined;
}

/** The map without what is not there; `undefined` when nothing is left. */
function filled(map: Readonly<Record<string, unknown>>): object | undefined {
  const given = defined(map);
  return Object.keys(given).length > 0 ? given : undefined;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}

function grantsOf(needs: readonly Need[]): Partial<Record<GrantName, true | readonly string[]>> {
  return Object.fromEntries(
    GRANTS.flatMap((grant) => {
      const values = [...new Set(needs.flatMap((need) => (need.grant === grant ? [need.value] : [])))];
      if (values.length === 0) return [];
      return [[grant, FLAGS.includes(grant) ? true : values.toSorted()] as const];
    }),
  );
}

function engineOf({ name, connection }: Extract<TargetReference, { kind: 'docker' }>) {
  switch (connection.type) {
    case 'local':
      return [name, { host: 'localhost' }] as const;
    case 'unix':
      return [name, { host: `unix://${connection.path}` }] as const;
    case 'tcp':
      return [
        name,
        defined({ host: `tcp://${connection.host}:${connection.port}`, tls: connection.tls }),
      ] as const;
    case 'ssh':
      return [
        name,
        defined({
          host: `ssh://${connection.user}@${connection.host}:${connection.port}`,
          ssh_key: connection.keyPath,
        }),
      ] as const;
    default:
      return connection satisfies never;
  }
}

function clusterOf({ name, connection }: Extract<TargetReference, { kind: 'kubernetes' }>) {
  switch (connection.type) {
    case 'in-cluster':
      return [name, { inCluster: true }] as const;
    case 'kubeconfig':
      return [name, defined({ kubeconfig: connection.source, context: connection.context })] as const;
    case 'server':
      return [
        name,
        defined({
          server: connection.url,
          ca: connection.ca,
          token: connection.token,
          clientCertificate: connection.client?.certificate,
          clientKey: connection.client?.key,
        }),
      ] as const;
    default:
      return connection satisfies never;
  }
}
