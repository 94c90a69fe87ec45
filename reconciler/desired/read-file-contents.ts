import type { DocumentDiagnostic } from '../base/document-diagnostic.ts';
import type { TreeDirectory } from '../config/file-tree.ts';
import type { PlacedFile } from '../config/kombination/checks/service-files.ts';
import type { BuiltEntry } from './state.ts';
import { withDiagnostics } from './build-entry.ts';
import type { LoadOptions } from './repository-state.ts';
import { readTexts } from './repository-state.ts';

/** Size of an object that a cluster takes, in bytes. */
const MAX_OBJECT_BYTES = 1024 ** 2;

/**
 * Reads files that are copied into services on clusters: they become a part of the objects there, so what is planned depends on
 * them. Of stacks on machines nothing is read.
 */
export async function withContents(
  built: readonly BuiltEntry[],
  tree: TreeDirectory,
  options: LoadOptions,
): Promise<readonly BuiltEntry[]> {
  const wanted = built.flatMap(({ embedded }) => [...(embedded?.values() ?? [])].flat());
  const inline = new Set(built.flatMap(({ entry }) => entry.inline));
  const blobs = wanted.map(({ spec }) => spec.blob).filter((blob) => !inline.has(blob));
  if (blobs.length === 0) return built;
  const contents = new Map<string, Uint8Array>();
  for await (const [blob, bytes] of readTexts(blobs, MAX_OBJECT_BYTES, options))
    if (bytes) contents.set(blob, bytes);
  return built.map((one): BuiltEntry => {
    const { entry, embedded } = one;
    if (!embedded) return one;
    const own = [...embedded.values()].flat().flatMap(({ spec: { blob } }) => {
      const bytes = contents.get(blob);
      return bytes ? [[blob, bytes] as const] : [];
    });
    const inlined = new Set(entry.inline);
    const diagnostics = [...embedded].flatMap(([service, files]) =>
      checkSize(
        service,
        files.filter(({ spec }) => !inlined.has(spec.blob)),
        contents,
      ),
    );
    return { ...one, entry: withDiagnostics({ ...entry, contents: new Map(own) }, diagnostics, tree) };
  });
}

function checkSize(
  service: string,
  files: readonly PlacedFile[],
  contents: ReadonlyMap<string, Uint8Array>,
): readonly DocumentDiagnostic[] {
  let sum = 0;
  for (const { spec, path } of files) {
    sum += contents.get(spec.blob)?.byteLength ?? MAX_OBJECT_BYTES + 1;
    if (sum <= MAX_OBJECT_BYTES) continue;
    const message = `the files of ${service} have more than 1 MiB together, and a cluster takes no more`;
    return [
      { severity: 'error', code: 'FILE_TOO_LARGE', path, message, hint: 'put them in an image or a volume' },
    ];
  }
  return [];
}
