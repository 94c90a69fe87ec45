import { stringify } from 'yaml';
import { canonicalJson } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList } from '../../base/values.ts';
import { parseYaml } from '../../config/yaml-document.ts';
import type { ServiceFix, ServiceFixType } from '../../public/diagnostics.ts';
import { SERVICE_FIXES } from '../../public/diagnostics.ts';
import type { DescribedService } from './service-node.ts';
import { portOf } from './service-node.ts';

/** A repair, and what it makes of the node. */
export interface PlannedFix {
  readonly fix: ServiceFix;
  /** Members of the node's data; `null` takes one out. */
  readonly changes: Fields;
}

/** Makes a repair of a service. Throws BAD_OPTIONS with the reason where there is none. */
export function planFix(service: DescribedService, asked: string): PlannedFix {
  const type = SERVICE_FIXES.find((known) => known === asked);
  switch (type) {
    case 'selector-fix':
      return fixSelector(service, type);
    case 'port-fix':
      return fixPort(service, type);
    case 'metallb-pool':
      throw refuse(
        'addresses of load balancers are the cluster’s: MetalLB and its pools are set up there, not by a workflow',
      );
    case undefined:
      throw refuse(`unknown fix type: ${asked.slice(0, 100)}`);
    default:
      return type satisfies never;
  }
}

function fixSelector(service: DescribedService, type: ServiceFixType): PlannedFix {
  const { workload, name } = service;
  if (workload === null)
    throw refuse(`no workload can be told that ${name} is for: draw an edge to it, or set targetApp`);
  const selector = { app: workload.name };
  if (canonicalJson(selector) === canonicalJson({ ...service.selector }))
    throw refuse(`${name} is pointed at ${workload.name} already`);
  return {
    fix: {
      type,
      name: 'Fix the selector',
      description: `Points ${name} at the pods of ${workload.name}`,
      yaml: writeService(service, { selector, ports: service.ports }),
    },
    changes: { targetApp: workload.name, selector: null },
  };
}

function fixPort(service: DescribedService, type: ServiceFixType): PlannedFix {
  const { workload, name, ports, data } = service;
  const target = workload === null ? undefined : portOf(workload);
  const [only, ...others] = ports;
  if (workload === null || target === undefined)
    throw refuse(
      `the port of the workload that ${name} is for cannot be told: draw an edge to it, and set its port`,
    );
  if (only === undefined || others.length > 0)
    throw refuse(`${name} has ${ports.length} ports: set the targetPort of each`);
  if (only.target === target) throw refuse(`${name} leads to port ${target} already`);
  const written = asList(data['ports']) ?? [];
  const changes =
    written.length === 0
      ? { targetPort: target }
      : { ports: [{ ...asFields(written[0]), targetPort: target }] };
  return {
    fix: {
      type,
      name: 'Fix the port',
      description: `Leads port ${only.port} of ${name} to port ${target} of ${workload.name}`,
      yaml: writeService(service, { selector: service.selector, ports: [{ port: only.port, target }] }),
    },
    changes,
  };
}

function writeService(
  { name, namespace, type }: DescribedService,
  { selector, ports }: Pick<DescribedService, 'selector' | 'ports'>,
): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { type, selector, ports: ports.map(({ port, target }) => ({ port, targetPort: target })) },
  });
}

/** Throws BAD_OPTIONS for a text that says something else than the repair: nothing is applied past Git. */
export function requireSame(yaml: string, { fix }: PlannedFix): void {
  const { value, problems } = parseYaml(yaml);
  const [problem] = problems;
  if (problem !== undefined)
    throw refuse(
      `the YAML cannot be read: line ${problem.line}, column ${problem.column}: ${problem.message}`,
    );
  if (canonicalJson(toJson(value)) === canonicalJson(toJson(parseYaml(fix.yaml).value))) return;
  throw refuse(
    'the YAML says something else than the fix: change the workflow instead, nothing is applied past it',
  );
}

function toJson(value: unknown): Json {
  return JSON.parse(JSON.stringify(value ?? null)) as Json;
}

/** The keys of a document with a repair. */
export function repaired(
  document: unknown,
  id: string,
  changes: Fields,
): { readonly nodes: readonly unknown[] } {
  const nodes = asList(asFields(document)?.['nodes']) ?? [];
  return {
    nodes: nodes.map((item) => {
      const node = asFields(item);
      if (node?.['id'] !== id) return item;
      const data = { ...asFields(node['data']), ...changes };
      const kept = Object.entries(data).filter(([, value]) => value !== null);
      return { ...node, data: Object.fromEntries(kept) };
    }),
  };
}

function refuse(why: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', why);
}
