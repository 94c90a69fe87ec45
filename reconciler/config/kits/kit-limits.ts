import type { DocumentPath } from '../../base/document-path.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit } from './kit.ts';
import type { NodeModel, ServiceModel, WrittenKombination } from '../kombination/kombination.ts';

export interface LimitOptions {
  readonly kit: Kit;
  readonly written: WrittenKombination;
  readonly services: readonly ServiceModel[];
  readonly diagnostics: DiagnosticCollector;
}

/** Checks a stack against what its kit asks of nodes, and what its services are known to need against what nodes have. */
export function checkKitLimits({ kit, written, services, diagnostics }: LimitOptions): void {
  const { nodes, domain } = written;
  // A kombination without a list of nodes has one that stands nowhere.
  const at = nodes[0]?.path.length === 1 ? ['stackkit'] : ['nodes'];
  const violate = (message: string, hint?: string, path: DocumentPath = at): void => {
    diagnostics.error('CONSTRAINT_VIOLATION', path, `${kit.name} ${message}`, { hint, at: 'key' });
  };
  const { min = 0, max = Infinity } = kit.limits.nodes ?? {};
  if (nodes.length < min) violate(`wants at least ${min} nodes; there ${isAre(nodes.length)}`);
  if (nodes.length > max) violate(`wants at most ${max} nodes; there ${isAre(nodes.length)}`);
  for (const [place, least] of Object.entries(kit.limits.places ?? {})) {
    const there = nodes.filter((node) => (node.place ?? 'local') === place).length;
    if (there >= least || nodes.length < min) continue;
    violate(
      `wants at least ${least} ${place} node; there ${isAre(there)}`,
      place === 'cloud' ? 'say type: cloud of a node' : 'say type: local of a node',
    );
  }
  if (kit.limits.domain && domain === undefined) violate('wants a domain', 'give meta.domain', ['meta']);
  if (services.every(({ kind }) => kind === undefined)) return;
  for (const node of nodes)
    checkNode(
      node,
      kit,
      services.filter((service) => service.node === node.name),
      diagnostics,
    );
}

function isAre(count: number): string {
  return count === 1 ? 'is 1' : `are ${count === 0 ? 'none' : count}`;
}

const MEGABYTE = 1024 ** 2;

function checkNode(
  node: NodeModel,
  kit: Kit,
  services: readonly ServiceModel[],
  diagnostics: DiagnosticCollector,
): void {
  const { cpu, memoryBytes } = node.resources ?? {};
  const at = (key: string): DocumentPath => [...node.path, 'resources', key];
  const least = kit.limits.node ?? {};
  if (cpu !== undefined && least.cpu !== undefined && cpu < least.cpu) {
    const message = `${kit.name} is made for nodes with ${least.cpu} cores or more; ${node.name} has ${cpu}`;
    diagnostics.warning('CONSTRAINT_VIOLATION', at('cpu'), message);
  }
  if (memoryBytes !== undefined && least.memory !== undefined && memoryBytes < least.memory * MEGABYTE) {
    const message = `${kit.name} is made for nodes with ${least.memory} MB of memory or more; ${node.name} has ${megabytes(memoryBytes)}`;
    diagnostics.warning('CONSTRAINT_VIOLATION', at('memory'), message);
  }
  if (memoryBytes !== undefined)
    checkMemory({ node, memoryBytes, path: at('memory') }, services, diagnostics);
  for (const { name, resources } of cpu === undefined ? [] : services) {
    const wanted = (resources?.nanoCpus ?? 0) / 1e9;
    if (cpu === undefined || wanted <= cpu) continue;
    const message = `resource exceeded: ${name} is given ${wanted} cores, and ${node.name} has ${cpu}`;
    diagnostics.error('RESOURCE_EXCEEDED', at('cpu'), message, { hint: `lower resources.cpus of ${name}` });
  }
}

/** Limits may well be more together than there is; what services reserve may not. */
function checkMemory(
  {
    node,
    memoryBytes,
    path,
  }: { readonly node: NodeModel; readonly memoryBytes: number; readonly path: DocumentPath },
  services: readonly ServiceModel[],
  diagnostics: DiagnosticCollector,
): void {
  const needs = services
    .map(({ name, resources }) => ({ name, bytes: resources?.memoryReservationBytes ?? 0 }))
    .filter(({ bytes }) => bytes > 0);
  const total = needs.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= memoryBytes) return;
  const largest = needs.toSorted((a, b) => b.bytes - a.bytes).slice(0, 3);
  const list = largest.map(({ name, bytes }) => `${name} ${megabytes(bytes)}`).join(', ');
  const message = `resource exceeded: services on ${node.name} reserve ${megabytes(total)} MB of memory, and it has ${megabytes(memoryBytes)}`;
  diagnostics.error('RESOURCE_EXCEEDED', path, message, { hint: `most: ${list}` });
}

function megabytes(bytes: number): number {
  return Math.round(bytes / MEGABYTE);
}
