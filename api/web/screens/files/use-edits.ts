import { signal } from '@preact/signals';
import { holdUnsaved } from '../../app/unsaved.ts';
import type { FileEdit, FilesPreview, StackFile, StackFiles, Written } from '../../client/history-types.ts';
import { request } from '../../client/request.ts';
import { useTried } from '../../client/use-tried.ts';

/** Edits of a stack that are not committed yet: texts by path, `null` takes a file away. */
export interface Edits {
  /** Commit that the files were read at. */
  readonly base: string;
  readonly texts: ReadonlyMap<string, string | null>;
  /** Texts that the edits began with, by path; `null`: there was none. */
  readonly origins: ReadonlyMap<string, string | null>;
}

/** Edits by stack, for as long as the page is open: somebody who looks at another screen meanwhile finds them again. */
const kept = signal<ReadonlyMap<string, Edits>>(new Map());
holdUnsaved({
  tell: () => [...kept.peek().keys()].map((name) => `edits in the files of ${name}`),
  forget() {
    kept.value = new Map();
  },
});

/** Edits of the stack's files. One that says what is there anyway is none. */
export function useEdits(name: string, { revision, files }: StackFiles) {
  const none: Edits = { base: revision, texts: new Map(), origins: new Map() };
  const edits = kept.value.get(name) ?? none;
  const change = (next: (edits: Edits) => Edits): void => {
    const all = new Map(kept.peek());
    const changed = next(all.get(name) ?? none);
    if (changed.texts.size === 0) all.delete(name);
    else all.set(name, changed);
    kept.value = all;
  };
  return {
    edits,
    /** Paths of edited files that somebody else has changed since. */
    overtaken: [...edits.origins].flatMap(([path, origin]) => (textOf(files, path) === origin ? [] : [path])),
    write(path: string, text: string | null): void {
      const there = textOf(files, path);
      change((before) =>
        text === there
          ? without(before, [path])
          : {
              ...before,
              texts: new Map(before.texts).set(path, text),
              origins: new Map([[path, there], ...before.origins]),
            },
      );
    },
    /** Takes the edits of these files back. */
    undo: (paths: readonly string[]): void => change((before) => without(before, paths)),
    /** Lets the edits stand on what is there now. */
    rebase: (): void =>
      change(({ texts }) => ({
        base: revision,
        texts,
        origins: new Map([...texts.keys()].map((path) => [path, textOf(files, path)])),
      })),
    /** Lets go of what was committed. What was written meanwhile stays, and stands on the commit. */
    settle: (sent: Edits, { commit }: Written): void =>
      change(({ texts, origins }) => {
        const left = [...texts].filter(([path, text]) => sent.texts.get(path) !== text);
        return {
          base: commit,
          texts: new Map(left),
          origins: new Map(
            left.map(([path]) => [path, (sent.texts.has(path) ? sent.texts : origins).get(path) ?? null]),
          ),
        };
      }),
  };
}

function textOf(files: readonly StackFile[], path: string): string | null {
  return files.find((one) => one.path === path)?.text ?? null;
}

function without(edits: Edits, paths: readonly string[]): Edits {
  const texts = new Map(edits.texts);
  const origins = new Map(edits.origins);
  for (const path of paths) {
    texts.delete(path);
    origins.delete(path);
  }
  return { ...edits, texts, origins };
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
