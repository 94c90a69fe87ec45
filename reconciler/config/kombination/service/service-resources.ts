import type { DocumentPath } from '../../../base/document-path.ts';
import { formatPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { isProblem } from '../../../base/problem.ts';
import type { ResourceLimits, WrittenLimit } from '../../../model/docker/options/limit-options.ts';
import { CONTAINER_LIMITS, LIMIT_ROWS } from '../../../model/docker/options/limit-options.ts';
import { parseBytes } from '../../../base/units.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, own } from '../../../base/values.ts';

/** Limits: `resources`, `deploy.resources` of Compose, and Compose's older `mem_limit`, `cpus` and their like. */
export function readResources(
  service: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): ResourceLimits | undefined {
  const entries = LIMIT_ROWS.flatMap(([name, { key, places, read }]) => {
    const written = findWritten(service, path, [...places, key], diagnostics);
    const value = written && read(written, diagnostics);
    return value === undefined ? [] : [[name, value] as const];
  });
  if (entries.length === 0) return undefined;
  const limits: ResourceLimits = Object.fromEntries(entries);
  checkSwap(limits, [...path, CONTAINER_LIMITS.memorySwapBytes.key], diagnostics);
  return limits;
}

/** The first place that says it; another one that says something else is a mistake. */
function findWritten(
  service: Fields,
  path: DocumentPath,
  places: readonly string[],
  diagnostics: DiagnosticCollector,
): WrittenLimit | undefined {
  let first: WrittenLimit | undefined;
  for (const place of places) {
    const keys = place.split('.');
    const value = keys.reduce<unknown>((inner, key) => own(asFields(inner), key), service);
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

function checkSwap(
  { memoryBytes, memorySwapBytes }: ResourceLimits,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): void {
  if (memorySwapBytes === undefined) return;
  if (memoryBytes === undefined) {
    diagnostics.error('INVALID_VALUE', path, 'memswap_limit needs a limit of the memory', {
      hint: 'add mem_limit',
      at: 'key',
    });
  } else if (memorySwapBytes !== -1 && memorySwapBytes < memoryBytes) {
    diagnostics.error('OUT_OF_RANGE', path, 'memswap_limit is memory and swap together', {
      hint: 'at least as much as mem_limit',
    });
  }
}
