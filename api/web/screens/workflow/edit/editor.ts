import type { ReadonlySignal, Signal } from '@preact/signals';
import { computed, signal } from '@preact/signals';
import { holdUnsaved } from '../../../app/unsaved.ts';
import type { StackFiles } from '../../../client/workflow-types.ts';
import { asFields, isSame, rebase } from './graph.ts';
import type { WorkflowDocument } from './graph.ts';
import { editYaml, readYaml } from './yaml-edit.ts';

/** The file of a workflow as it is edited: what it was, what it is to be, and the way back. */
export interface Editor {
  readonly path: string;
  /** Commit that the file was read at. */
  readonly revision: Signal<string>;
  readonly document: ReadonlySignal<WorkflowDocument>;
  readonly text: ReadonlySignal<string>;
  readonly isChanged: ReadonlySignal<boolean>;
  readonly canUndo: ReadonlySignal<boolean>;
  readonly canRedo: ReadonlySignal<boolean>;
  /**
   * Changes the document.
   *
   * @param about edits of one thing, such as the letters of a field, are one step back
   */
  edit(change: (document: WorkflowDocument) => WorkflowDocument, about?: string): void;
  undo(): void;
  redo(): void;
  /** Forgets every change. */
  reset(): void;
  /** Takes what is saved now as the start; own changes stay on top. */
  startFrom(files: StackFiles): void;
  /** The same, unless there are own changes: these are put on top of it when they are saved. */
  follow(files: StackFiles): void;
}

const MAX_STEPS = 200;

/** Editors by stack: changes stay when somebody looks at another screen meanwhile. */
const editors = new Map<string, Editor>();
holdUnsaved({
  tell: () =>
    [...editors].flatMap(([stack, { isChanged }]) =>
      isChanged.peek() ? [`changes of the workflow ${stack}`] : [],
    ),
  forget: () => editors.clear(),
});

/** The main file of a stack, where it can be read and is YAML. */
export function mainText(files: StackFiles): { readonly path: string; readonly text: string } | null {
  const main = files.files.find((file) => file.main);
  if (main === undefined || main.text === null) return null;
  return Object.keys(asFields(readYaml(main.text))).length === 0
    ? null
    : { path: main.path, text: main.text };
}

/** The editor of a stack, with the changes that were left in it; a new one where there is none. */
export function editorOf(stack: string, files: StackFiles): Editor | null {
  const main = mainText(files);
  const known = editors.get(stack);
  if (known !== undefined && (main === null || known.path === main.path)) return known;
  if (main === null) return null;
  const made = createEditor(main.path, main.text, files.revision);
  editors.set(stack, made);
  return made;
}

function createEditor(path: string, firstText: string, firstRevision: string): Editor {
  const base = signal({ text: firstText, document: asFields(readYaml(firstText)) });
  const document = signal<WorkflowDocument>(base.peek().document);
  const past = signal<readonly WorkflowDocument[]>([]);
  const future = signal<readonly WorkflowDocument[]>([]);
  const revision = signal(firstRevision);
  let last: string | undefined;
  const move = (from: typeof past, to: typeof future): void => {
    const next = from.peek().at(-1);
    if (next === undefined) return;
    last = undefined;
    from.value = from.peek().slice(0, -1);
    to.value = [...to.peek(), document.peek()];
    document.value = next;
  };
  const startFrom = (files: StackFiles): void => {
    const main = mainText(files);
    if (main === null) return;
    const theirs = asFields(readYaml(main.text));
    const own = document.peek();
    const { document: before } = base.peek();
    base.value = { text: main.text, document: theirs };
    revision.value = files.revision;
    past.value = [];
    future.value = [];
    document.value = isSame(before, own) ? theirs : rebase(before, own, theirs);
  };
  const isChanged = computed(() => !isSame(base.value.document, document.value));
  return {
    path,
    revision,
    document,
    text: computed(() => editYaml(base.value.text, document.value)),
    isChanged,
    canUndo: computed(() => past.value.length > 0),
    canRedo: computed(() => future.value.length > 0),
    edit(change, about) {
      const before = document.peek();
      const after = change(before);
      if (isSame(before, after)) return;
      if (about === undefined || about !== last) past.value = [...past.peek(), before].slice(-MAX_STEPS);
      last = about;
      future.value = [];
      document.value = after;
    },
    undo: () => move(past, future),
    redo: () => move(future, past),
    reset() {
      past.value = [...past.peek(), document.peek()];
      last = undefined;
      document.value = base.peek().document;
    },
    startFrom,
    follow(files) {
      if (!isChanged.peek() && revision.peek() !== files.revision) startFrom(files);
    },
  };
}
