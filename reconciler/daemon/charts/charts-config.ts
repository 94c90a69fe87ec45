import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asList, asNumber, asString, defined } from '../../base/values.ts';
import type { RendererOptions } from '../../adapters/charts/renderer.ts';

/** `charts` of the operator's configuration. */
export type ChartsConfig = Omit<RendererOptions, 'directory' | 'fetch'>;

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_BYTES = 10 * 1024 ** 2;

/** Reads what the schema has passed; what that cannot tell is added to the collector. `null`: stacks have no charts and overlays. */
export function readChartsConfig(
  fields: Fields | undefined,
  diagnostics: DiagnosticCollector,
): ChartsConfig | null {
  if (fields === undefined) return null;
  if (fields['kustomize'] !== undefined && fields['kubectl'] !== undefined) {
    const message = 'kustomize and kubectl are two programs for the same';
    diagnostics.error('INVALID_VALUE', ['charts', 'kubectl'], message, {
      hint: 'name one of them',
      at: 'key',
    });
  }
  return {
    registries: (asList(fields['registries']) ?? []).filter((one) => typeof one === 'string'),
    timeoutMs: asNumber(fields['timeoutMs']) ?? DEFAULT_TIMEOUT_MS,
    maxBytes: asNumber(fields['maxBytes']) ?? DEFAULT_MAX_BYTES,
    ...defined({ helm: asString(fields['helm']), kustomize: readKustomize(fields) }),
  };
}

function readKustomize(fields: Fields): RendererOptions['kustomize'] {
  const [kustomize, kubectl] = [asString(fields['kustomize']), asString(fields['kubectl'])];
  if (kustomize !== undefined) return { program: kustomize, words: ['build'] };
  return kubectl === undefined ? undefined : { program: kubectl, words: ['kustomize'] };
}
