import type { DocumentDiagnostic } from '../../base/document-diagnostic.ts';
import { compareText } from '../../base/values.ts';
import { portOf } from '../../config/kombination/analyze.ts';
import type { PublishedPort } from '../../config/kombination/checks/check-kombination.ts';
import { addressesOverlap } from '../../model/docker/ports.ts';
import type { MultiMap } from './multi-map.ts';

/** The part of an entry of the index that conflicts are about. */
interface Conflicting {
  readonly key: string;
  readonly name: string;
  readonly guessed: boolean;
  readonly adopts?: string;
}

export interface PortHolder<Entry extends Conflicting = Conflicting> {
  readonly entry: Entry;
  readonly port: PublishedPort;
}

/** Others that a finding names; with more, each of thousands would name thousands. */
const MAX_NAMED = 20;

function listed(others: ReadonlySet<string>, kind: string): string {
  return others.size > MAX_NAMED
    ? `more than ${MAX_NAMED} other ${kind}`
    : [...others].sort(compareText).join(', ');
}

/** Finds others of the same name. */
export function nameConflicts(
  entry: Conflicting,
  group: ReadonlySet<Conflicting>,
): readonly DocumentDiagnostic[] {
  if (entry.guessed) return [];
  const others = new Set<string>();
  for (const other of group) {
    if (other !== entry && !other.guessed) others.add(other.key);
    if (others.size > MAX_NAMED) break;
  }
  if (others.size === 0) return [];
  return [
    {
      severity: 'error',
      code: 'DUPLICATE_STACK',
      path: ['meta', 'name'],
      message: `the stack ${entry.name} is also described by ${listed(others, 'files')}`,
      hint: 'every stack needs a name of its own',
    },
  ];
}

/** A project that one stack has taken over is its own. */
export function projectConflicts(
  entry: Conflicting,
  adopters: MultiMap<Conflicting>,
): readonly DocumentDiagnostic[] {
  if (entry.adopts === undefined) return [];
  const others = [...adopters.get(entry.adopts)].filter((other) => other !== entry).map(({ name }) => name);
  if (others.length === 0) return [];
  const message = `the Compose project ${entry.adopts} is adopted by ${listed(new Set(others), 'stacks')} as well`;
  return [
    { severity: 'error', code: 'DUPLICATE_NAME', path: ['adopts'], message, hint: 'one stack can have it' },
  ];
}

/** Finds others that publish the same port of a node. */
export function portConflicts(
  entry: Conflicting,
  port: PublishedPort,
  group: ReadonlySet<PortHolder>,
): readonly DocumentDiagnostic[] {
  const others = new Set<string>();
  for (const holder of group) {
    if (holder.entry.key === entry.key || !addressesOverlap(holder.port.hostIp, port.hostIp)) continue;
    others.add(`service ${holder.port.service} of the stack ${holder.entry.name} (${holder.entry.key})`);
    if (others.size > MAX_NAMED) break;
  }
  if (others.size === 0) return [];
  return [
    {
      severity: 'error',
      code: 'DUPLICATE_PORT',
      path: port.path,
      message: `port ${portOf(port)} of the node is also published by ${listed(others, 'services')}`,
      hint: 'choose another port in one of them',
    },
  ];
}
