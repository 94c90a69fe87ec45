import type { StatusResponse, Vertex } from './buildkit-messages.ts';
import { statusResponse } from './buildkit-messages.ts';
import type { BuildLine } from './build-line.ts';

/** Reader of BuildKit's messages about a build, which it gives back as lines. */
export interface BuildTrace {
  /** @param aux base64, of a message `moby.buildkit.trace` */
  read(aux: string): readonly BuildLine[];
  /** The step that failed, `null` when none has, and what it printed last, oldest first. */
  failed(): { readonly step: string | null; readonly lines: readonly string[] };
}

export interface TraceOptions {
  /** Makes a line fit to be shown; empty: it is not told. */
  readonly clean: (line: string) => string;
  readonly maxLines: number;
  /** Characters that are kept of a line without an end. */
  readonly maxRest: number;
}

/** Steps that the builder does for itself; the copy is of what it was sent. */
const INTERNAL = /^(\[internal\]|copy \/context \/$)/;

/** Steps of one build run side by side, so what they print is kept for each. */
export function createBuildTrace({ clean, maxLines, maxRest }: TraceOptions): BuildTrace {
  const begun = new Set<string>();
  const printed = new Map<string, string[]>();
  const rests = new Map<string, string>();
  const decoders = new Map<string, InstanceType<typeof TextDecoder>>();
  let broken: Vertex | null = null;
  const decoder = new TextDecoder();

  function begin(vertex: Vertex): readonly BuildLine[] {
    const { digest, name, started, completed, cached, error } = vertex;
    // Others are stopped because of the one that failed.
    if (error !== '' && !error.endsWith('context canceled')) broken ??= vertex;
    if (INTERNAL.test(name) || begun.has(digest)) return [];
    if (started === null && completed === null) return [];
    begun.add(digest);
    const text = clean(cached ? `${name} (unchanged)` : name);
    return text === '' ? [] : [{ text, step: stepOf(name)?.number ?? null }];
  }

  function print(vertex: string, bytes: Uint8Array): readonly BuildLine[] {
    // A character may come in two parts.
    const own = decoders.get(vertex) ?? new TextDecoder();
    decoders.set(vertex, own);
    const lines = `${rests.get(vertex) ?? ''}${own.decode(bytes, { stream: true })}`.split(/\r\n|\n|\r/);
    rests.set(vertex, (lines.pop() ?? '').slice(0, maxRest));
    const texts = lines.map(clean).filter((line) => line !== '');
    printed.set(vertex, [...(printed.get(vertex) ?? []), ...texts].slice(-maxLines));
    return texts.map((text) => ({ text, step: null }));
  }

  return {
    read(aux) {
      const { vertexes, logs, warnings }: StatusResponse = statusResponse.read(Buffer.from(aux, 'base64'));
      return [
        ...vertexes.flatMap(begin),
        ...logs.flatMap(({ vertex, msg }) => print(vertex, msg)),
        ...warnings.map(({ short }) => ({ text: `warning: ${clean(decoder.decode(short))}`, step: null })),
      ];
    },
    failed() {
      if (broken === null) return { step: null, lines: [] };
      const rest = clean(rests.get(broken.digest) ?? '');
      const lines = [...(printed.get(broken.digest) ?? []), ...(rest === '' ? [] : [rest])];
      const step = stepOf(broken.name);
      return { step: step ? `${step.number} : ${step.words}` : broken.name, lines };
    },
  };
}

/** `[2/4] RUN make`, `[build 2/4] RUN make` */
function stepOf(name: string): { readonly number: string; readonly words: string } | null {
  const [, number, words] = /^\[((?:[^\]]+ )?\d+\/\d+)\] (.*)$/s.exec(name) ?? [];
  return number === undefined || words === undefined ? null : { number, words };
}
