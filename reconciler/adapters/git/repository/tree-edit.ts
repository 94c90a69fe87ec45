import type { FileWrite } from '../../../ports/source.ts';
import { gitError, writeConflict } from '../errors.ts';
import type { ObjectType, TreeEntry } from './objects.ts';
import { formatTree, parseTree, SUBMODULE_MODE, TREE_MODE } from './objects.ts';
import type { ReadTree } from './tree-diff.ts';
import { isSafeName } from './tree-diff.ts';

export interface TreeEditor {
  readonly readTree: ReadTree;
  readonly writeObject: (type: ObjectType, content: Uint8Array) => Promise<string>;
}

/** A file as it stands in the new tree; `null` when it was deleted. */
export interface WrittenFile {
  readonly path: string;
  readonly entry: { readonly mode: string; readonly id: string } | null;
  readonly content: Uint8Array | null;
}

/**
 * Writes files into a copy of a tree. A file keeps its type unless another is asked for; a directory that becomes empty goes.
 *
 * @returns id of the new root tree and what became of each file
 * @throws GIT_ERROR for a path that leaves the repository or runs through a file, WRITE_CONFLICT for deleting what is not there
 */
export async function editTree(
  editor: TreeEditor,
  root: string,
  writes: readonly FileWrite[],
): Promise<{ readonly tree: string; readonly files: readonly WrittenFile[] }> {
  const edit: Edit = { files: new Map(), directories: new Map() };
  for (const write of writes) plant(edit, write);
  const files: WrittenFile[] = [];
  const tree = await applyEdit(editor, { tree: root, edit, prefix: '' }, files);
  return { tree: tree ?? (await editor.writeObject('tree', new Uint8Array())), files };
}

/** Checks that a path is relative, normal and inside the repository. Throws GIT_ERROR. */
export function splitPath(path: string): readonly string[] {
  const parts = path.split('/');
  if (!parts.every(isSafeName) || path.includes('\0') || path.includes('\\')) {
    throw gitError(`${JSON.stringify(path)} is not a path inside the repository`);
  }
  return parts;
}

interface Edit {
  readonly files: Map<string, FileWrite>;
  readonly directories: Map<string, Edit>;
}

function plant(root: Edit, write: FileWrite): void {
  const parts = splitPath(write.path);
  const name = parts.at(-1) ?? '';
  let edit = root;
  for (const part of parts.slice(0, -1)) {
    const next = edit.directories.get(part) ?? { files: new Map(), directories: new Map() };
    edit.directories.set(part, next);
    edit = next;
  }
  if (edit.files.has(name)) throw gitError(`${write.path} is written twice in one commit`);
  edit.files.set(name, write);
}

interface Step {
  readonly tree: string | null;
  readonly edit: Edit;
  readonly prefix: string;
}

async function applyEdit(editor: TreeEditor, step: Step, files: WrittenFile[]): Promise<string | null> {
  const before = step.tree === null ? [] : parseTree(await editor.readTree(step.tree));
  const entries = new Map(before.map((entry) => [entry.name, entry]));
  for (const [name, edit] of step.edit.directories) {
    const path = `${step.prefix}${name}`;
    const old = entries.get(name);
    if (old?.mode === SUBMODULE_MODE)
      throw gitError(`${path} is a Git submodule: its files are changed in its own repository`);
    if (old !== undefined && old.mode !== TREE_MODE) throw gitError(`${path} is a file, not a directory`);
    const tree = await applyEdit(editor, { tree: old?.id ?? null, edit, prefix: `${path}/` }, files);
    if (tree === null) entries.delete(name);
    else entries.set(name, { mode: TREE_MODE, name, id: tree });
  }
  for (const [name, write] of step.edit.files) {
    const entry = await writeEntry(editor, name, write, entries.get(name));
    const content = write.content === null ? null : toBytes(write.content);
    files.push({ path: write.path, entry: entry && { mode: entry.mode, id: entry.id }, content });
    if (entry === null) entries.delete(name);
    else entries.set(name, entry);
  }
  return entries.size === 0 ? null : editor.writeObject('tree', formatTree([...entries.values()]));
}

async function writeEntry(
  editor: TreeEditor,
  name: string,
  write: FileWrite,
  old: TreeEntry | undefined,
): Promise<TreeEntry | null> {
  if (old?.mode === TREE_MODE || old?.mode === SUBMODULE_MODE) {
    throw gitError(`${write.path} is a directory, not a file`);
  }
  if (write.content === null) {
    if (old === undefined) throw writeConflict(`${write.path} cannot be deleted: it is not there`);
    return null;
  }
  const id = await editor.writeObject('blob', toBytes(write.content));
  return { mode: write.type === undefined ? (old?.mode ?? MODES.file) : MODES[write.type], name, id };
}

const MODES = { file: '100644', executable: '100755', symlink: '120000' } as const;

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === 'string' ? Buffer.from(content) : content;
}
