import { useState } from 'preact/hooks';
import type { Draft, DraftFile } from '../../client/history-types.ts';
import { request } from '../../client/request.ts';
import { useTried } from '../../client/use-tried.ts';

export type Source = 'compose' | 'kit' | 'document';

/** Beginnings of a new stack, as they are typed. */
export interface Beginning {
  readonly name: string;
  /** Machine; empty: the one that Kombinator runs on. */
  readonly node: string;
  readonly source: Source;
  readonly compose: string;
  readonly document: string;
  readonly kit: string;
  /** Services of the kit. */
  readonly services: readonly string[];
}

const EMPTY_DOCUMENT = `version: "1.0"
services:
  web:
    image: nginx:1.29
    ports: ["8080:80"]
`;

const BEGINNING: Beginning = {
  name: '',
  node: '',
  source: 'compose',
  compose: '',
  document: EMPTY_DOCUMENT,
  kit: '',
  services: [],
};

/** A new stack while it is written: how it begins, its files where somebody has edited them, and what came of trying it. */
export function useDraft() {
  const [beginning, setBeginning] = useState(BEGINNING);
  /** Texts by path; `null`: they are put together from the beginning. */
  const [edited, setEdited] = useState<readonly DraftFile[] | null>(null);
  const body = bodyOf(beginning, edited);
  const tried = useTried(body === null ? null : JSON.stringify(body), (signal) =>
    request<Draft>('POST', '/drafts', { body, signal }),
  );
  return {
    beginning,
    body,
    tried,
    isEdited: edited !== null,
    files: edited ?? tried.data?.files ?? [],
    change: (next: Partial<Beginning>) => setBeginning((before) => ({ ...before, ...next })),
    edit(): void {
      setEdited(tried.data?.files ?? []);
    },
    write(path: string, text: string): void {
      setEdited((before) => (before ?? []).map((one) => (one.path === path ? { path, text } : one)));
    },
    startOver: () => setEdited(null),
  };
}

/** Body of the request; `null` while something is missing without which nothing can be tried. */
function bodyOf(beginning: Beginning, edited: readonly DraftFile[] | null): object | null {
  const { name, node, source, compose, document, kit, services } = beginning;
  if (name.trim() === '') return null;
  const head = { name: name.trim(), ...(node.trim() !== '' && { node: node.trim() }) };
  if (edited !== null) return { ...head, files: edited };
  if (source === 'compose') return compose.trim() === '' ? null : { ...head, compose };
  if (source === 'document') return { ...head, document };
  return kit === '' || services.length === 0 ? null : { ...head, kit, values: { services } };
}

/** Words for the piece that is still missing; `null`: none is. */
export function tellMissing({ name, source, compose, kit, services }: Beginning): string | null {
  if (name.trim() === '') return 'Give it a name first.';
  if (source === 'compose' && compose.trim() === '') return 'Paste a Compose file, or upload one.';
  if (source === 'kit' && kit === '') return 'Choose a kit.';
  if (source === 'kit' && services.length === 0) return 'Choose at least one service of the kit.';
  return null;
}
