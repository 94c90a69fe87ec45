import type { ResourceLimits } from '../../../model/docker/docker-spec.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { Problem } from '../../../base/problem.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import { isProblem } from '../../../base/problem.ts';
import { optionalNumber } from '../../../model/docker/options/option-values.ts';
import { parseBytes, parseCores } from '../../../base/units.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asString, defined } from '../../../base/values.ts';

/** The engine refuses less than this. */
const LEAST_MEMORY = 6 * 1024 ** 2;

/** A value that may be written in several places, with where it stands. */
interface Written {
  readonly value: string | number;
  readonly path: DocumentPath;
}

/** Limits: `resources`, `deploy.resources` of Compose, and Compose's older `mem_limit`, `cpus` and their like. */
export function readResources(
  service: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): ResourceLimits | undefined {
  const find = (...places: readonly string[]): Written | undefined =>
    findWritten(service, path, places, diagnostics);
  const memory = find('resources.memory', 'deploy.resources.limits.memory', 'mem_limit');
  const reservation = find(
    'resources.memory_reservation',
    'deploy.resources.reservations.memory',
    'mem_reservation',
  );
  const cores = find('resources.cpus', 'resources.cpu', 'deploy.resources.limits.cpus', 'cpus');
  const pids = optionalNumber(find('resources.pids', 'deploy.resources.limits.pids', 'pids_limit')?.value);
  const memoryBytes = readMemory(memory, diagnostics);
  const result = defined({
    memoryBytes,
    memoryReservationBytes: readMemory(reservation, diagnostics),
    memorySwapBytes: readSwap(find('memswap_limit'), memoryBytes, diagnostics),
    nanoCpus: cores && Number(cores.value) !== 0 ? quantity(cores, parseCores, diagnostics) : undefined,
    pidsLimit: pids !== undefined && pids > 0 ? pids : undefined,
    cpuShares: optionalNumber(find('cpu_shares')?.value) || undefined,
    cpuset: asString(find('cpuset')?.value) || undefined,
  });
  return Object.keys(result).length > 0 ? result : undefined;
}

/** The first place that says it; another one that says something else is a mistake. */
function findWritten(
  service: Fields,
  path: DocumentPath,
  places: readonly string[],
  diagnostics: DiagnosticCollector,
): Written | undefined {
  let first: Written | undefined;
  for (const place of places) {
    const keys = place.split('.');
    const value = keys.reduce<unknown>((inner, key) => asFields(inner)?.[key], service);
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const written = { value, path: [...path, ...keys] };
    if (first && !sameAmount(first.value, value)) {
      diagnostics.error('INVALID_VALUE', written.path, `${formatPath(first.path)} says something else`, {
        hint: 'keep one of them',
      });
    }
    first ??= written;
  }
  return first;
}

function sameAmount(a: string | number, b: string | number): boolean {
  if (Number(a) === Number(b)) return true;
  const [first, second] = [parseBytes(a), parseBytes(b)];
  return !isProblem(first) && first === second;
}

function quantity(
  { value, path }: Written,
  parse: (value: string | number) => number | Problem,
  diagnostics: DiagnosticCollector,
): number | undefined {
  const result = parse(value);
  // Texts of a wrong form are the schema's to report.
  return isProblem(result) && result.code === undefined ? undefined : accept(result, path, diagnostics);
}

function readMemory(written: Written | undefined, diagnostics: DiagnosticCollector): number | undefined {
  const bytes = written && quantity(written, parseBytes, diagnostics);
  if (!written || bytes === undefined || bytes >= LEAST_MEMORY) return bytes;
  // Compose writes "no limit" as 0.
  if (bytes === 0 && !written.path.includes('resources')) return undefined;
  diagnostics.error('OUT_OF_RANGE', written.path, `${written.value} is less than an engine accepts`, {
    hint: 'at least 6m',
  });
  return undefined;
}

function readSwap(
  written: Written | undefined,
  memory: number | undefined,
  diagnostics: DiagnosticCollector,
): number | undefined {
  if (!written || Number(written.value) === 0) return undefined;
  const bytes = Number(written.value) === -1 ? -1 : quantity(written, parseBytes, diagnostics);
  if (bytes === undefined) return undefined;
  if (memory === undefined) {
    diagnostics.error('INVALID_VALUE', written.path, 'memswap_limit needs a limit of the memory', {
      hint: 'add mem_limit',
      at: 'key',
    });
  } else if (bytes !== -1 && bytes < memory) {
    diagnostics.error('OUT_OF_RANGE', written.path, 'memswap_limit is memory and swap together', {
      hint: 'at least as much as mem_limit',
    });
  }
  return bytes;
}
