import { signal } from '@preact/signals';
import { holdUnsaved } from '../../app/unsaved.ts';
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

/** The draft, for as long as the page is open: somebody who looks at another screen meanwhile finds it again. */
const begun = signal(BEGINNING);
/** Texts by path; `null`: they are put together from the beginning. */
const edited = signal<readonly DraftFile[] | null>(null);
holdUnsaved({ tell: () => (isWorthAQuestion() ? ['a new stack'] : []), forget: forgetDraft });

/** True where somebody has written, pasted or chosen more than a name. */
function isWorthAQuestion(): boolean {
  const { compose, document, services } = begun.peek();
  const isTyped = compose !== BEGINNING.compose || document !== BEGINNING.document;
  return isTyped || services.length > 0 || edited.peek() !== null;
}

export function forgetDraft(): void {
  begun.value = BEGINNING;
  edited.value = null;
}

export function isDraftBegun(): boolean {
  return begun.value !== BEGINNING || edited.value !== null;
}

/** A new stack while it is written: how it begins, its files where somebody has edited them, and what came of trying it. */
export function useDraft() {
  const beginning = begun.value;
  const body = bodyOf(beginning, edited.value);
  const tried = useTried(body === null ? null : JSON.stringify(body), (signal) =>
    request<Draft>('POST', '/drafts', { body, signal }),
  );
  return {
    beginning,
    body,
    tried,
    isEdited: edited.value !== null,
    files: edited.value ?? tried.data?.files ?? [],
    change(next: Partial<Beginning>): void {
      begun.value = { ...begun.peek(), ...next };
    },
    edit(): void {
      edited.value = tried.data?.files ?? [];
    },
    write(path: string, text: string): void {
      edited.value = (edited.peek() ?? []).map((one) => (one.path === path ? { path, text } : one));
    },
    startOver(): void {
      edited.value = null;
    },
    /** Lets go of the draft, unless somebody has written on while it was committed. */
    settle(sent: object | null): void {
      const now = bodyOf(begun.peek(), edited.peek());
      if (JSON.stringify(now) === JSON.stringify(sent)) forgetDraft();
    },
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
