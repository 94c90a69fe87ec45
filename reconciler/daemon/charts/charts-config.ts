import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asNumber, asString, defined, own } from '../../base/values.ts';
import type { RendererOptions } from '../../adapters/charts/renderer.ts';

/** `charts` of the operator's configuration. */
export interface ChartsConfig extends Omit<RendererOptions, 'directory' | 'fetch' | 'access'> {
  /** Credentials for some of the registries. Default: none. */
  readonly credentials?: readonly ChartLogin[];
}

export interface ChartLogin {
  readonly url: string;
  readonly username: string;
  /** `secret://file/NAME` */
  readonly password: string;
}

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
  const written = asList(fields['registries']) ?? [];
  const credentials = written.flatMap((one, index) => readLogin(one, index, diagnostics));
  return {
    registries: written.flatMap((one) => asString(one) ?? asString(asFields(one)?.['url']) ?? []),
    ...(credentials.length > 0 && { credentials }),
    timeoutMs: asNumber(fields['timeoutMs']) ?? DEFAULT_TIMEOUT_MS,
    maxBytes: asNumber(fields['maxBytes']) ?? DEFAULT_MAX_BYTES,
    ...defined({
      helm: asString(fields['helm']),
      kustomize: readKustomize(fields),
      maxMemoryBytes: asNumber(fields['maxMemoryBytes']),
    }),
  };
}

const OWN_MACHINE = ['localhost', '127.0.0.1', '[::1]'];

function readLogin(written: unknown, index: number, diagnostics: DiagnosticCollector): readonly ChartLogin[] {
  const fields = asFields(written) ?? {};
  const [url, username, password] = ['url', 'username', 'password'].map((key) => asString(own(fields, key)));
  if (url === undefined || username === undefined || password === undefined) return [];
  if (url.startsWith('http:') && !(URL.canParse(url) && OWN_MACHINE.includes(new URL(url).hostname))) {
    const message = 'credentials would go over the network in clear';
    diagnostics.error('INVALID_VALUE', ['charts', 'registries', index, 'url'], message, {
      hint: 'write https://',
    });
  }
  return [{ url, username, password }];
}

function readKustomize(fields: Fields): RendererOptions['kustomize'] {
  const [kustomize, kubectl] = [asString(fields['kustomize']), asString(fields['kubectl'])];
  if (kustomize !== undefined) return { program: kustomize, words: ['build'] };
  return kubectl === undefined ? undefined : { program: kubectl, words: ['kustomize'] };
}
