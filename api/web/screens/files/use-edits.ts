import { useEffect, useState } from 'preact/hooks';
import type { FileEdit, FilesPreview, StackFiles } from '../../client/history-types.ts';
import { request } from '../../client/request.ts';
import { useTried } from '../../client/use-tried.ts';

/** Edits of a stack that are not committed yet: texts by path, `null` takes a file away. */
export interface Edits {
  /** Commit that the files were read at. */
  readonly base: string;
  readonly texts: ReadonlyMap<string, string | null>;
}

/** Edits by stack, for as long as the page is open: somebody who looks at another screen meanwhile finds them again. */
const kept = new Map<string, Edits>();

/** Edits of the stack's files. One that says what is there anyway is none. */
export function useEdits(name: string, { revision, files }: StackFiles) {
  const [state, setState] = useState<Edits>(() => kept.get(name) ?? { base: revision, texts: new Map() });
  const edits = state.texts.size === 0 ? { ...state, base: revision } : state;
  const change = (next: Edits): void => {
    if (next.texts.size === 0) kept.delete(name);
    else kept.set(name, next);
    setState(next);
  };
  useEffect(() => {
    if (edits.texts.size === 0) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    window.addEventListener('beforeunload', ask);
    return () => window.removeEventListener('beforeunload', ask);
  }, [edits.texts.size]);
  return {
    edits,
    write(path: string, text: string | null): void {
      const texts = new Map(edits.texts);
      const isSame = (files.find((one) => one.path === path)?.text ?? null) === text;
      if (isSame) texts.delete(path);
      else texts.set(path, text);
      change({ ...edits, texts });
    },
    /** Takes the edits of one file back, or all. */
    undo(path?: string): void {
      const texts = path === undefined ? new Map<string, string | null>() : new Map(edits.texts);
      if (path !== undefined) texts.delete(path);
      change({ ...edits, texts });
    },
    /** Lets the edits stand on what is there now. */
    rebase(): void {
      change({ ...edits, base: revision });
    },
  };
}

export function toFileEdits({ texts }: Edits): readonly FileEdit[] {
  return [...texts].map(([path, text]) => ({ path, text }));
}

/** Effect that committing the edits would have, asked for when somebody stops typing. */
export function usePreview(name: string, edits: Edits) {
  const body = { files: toFileEdits(edits), base: edits.base };
  return useTried(edits.texts.size === 0 ? null : JSON.stringify(body), (signal) =>
    request<FilesPreview>('POST', `/stacks/${encodeURIComponent(name)}/files/preview`, { body, signal }),
  );
}
