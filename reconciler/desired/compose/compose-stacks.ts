import type { ComposeSettings, SettingsDocument } from '../../config/fleet/config-documents.ts';
import type { TreeDirectory } from '../../config/file-tree.ts';
import { directoryOf, nodeAt } from '../../config/file-tree.ts';
import type { GlobWork } from '../../config/glob.ts';
import { parseGlob } from '../../config/glob.ts';
import { isStackName, stackNameOf } from '../../config/kombination/stack-name.ts';
import { peekYaml } from '../../config/yaml-document.ts';
import { isWorkflowFile } from '../workflow.ts';
import { isProblem } from '../../base/problem.ts';
import { asString } from '../../base/values.ts';

/*
 * Compose files that are a stack by themselves (`compose` of kombinator.yaml): each is read as if a kombination of three lines lay beside it. One that
 * does lie there counts instead.
 */

const BESIDE = ['kombination.yaml', 'kombination.yml'];

/** Path of a file in the same directory. */
export function besideOf(file: string, name: string): string {
  const directory = directoryOf(file);
  return directory === '' ? name : `${directory}/${name}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Tells the file of a stack that is no kombination and no workflow. */
export function isComposeStack(file: string): boolean {
  return !BESIDE.includes(nameOf(file)) && !isWorkflowFile(file);
}

/** Tells Compose files that are a stack. */
export type ComposeFilter = (file: string) => boolean;

/** Creates the test for a revision. */
export function createComposeFilter(tree: TreeDirectory, { compose }: SettingsDocument): ComposeFilter {
  const work: GlobWork = { steps: 0 };
  const globs = compose.files.flatMap((glob) => {
    const match = parseGlob(glob);
    return isProblem(match) ? [] : [match];
  });
  if (globs.length === 0) return () => false;
  return (file) =>
    /\.ya?ml$/.test(file) &&
    globs.some((match) => match(file, work)) &&
    BESIDE.every((name) => nodeAt(tree, besideOf(file, name)) === undefined);
}

/** The kombination that a Compose file is read as. */
export function kombinationFor(
  tree: TreeDirectory,
  { file, text }: { readonly file: string; readonly text: string },
  settings: ComposeSettings,
): string {
  const directory = directoryOf(file);
  const project = composeProjectName(text, nameOf(directory));
  const name = stackNameOf(project);
  const lines = [
    'version: "1.0"',
    `meta: { name: ${JSON.stringify(isStackName(name) ? name : project)} }`,
    `compose: ${JSON.stringify(composeFiles(tree, file))}`,
    ...(settings.dataDir === undefined
      ? []
      : [`data_dir: ${JSON.stringify(`${settings.dataDir.replace(/\/+$/, '')}/${directory}`)}`]),
    ...(settings.adopts ? [`adopts: ${JSON.stringify(project)}`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** Name that Compose gives the project of a file: small letters, digits, hyphens and underscores. */
export function composeProjectName(text: string, directoryName: string): string {
  return (asString(peekYaml(text, [['name']])[0]) ?? directoryName)
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

/** The file, and the one that Compose merges over it where there is one. */
function composeFiles(tree: TreeDirectory, file: string): readonly string[] {
  const name = nameOf(file);
  const overrides = name.replace(/(\.ya?ml)$/, '.override$1');
  const isThere = nodeAt(tree, besideOf(file, overrides)) !== undefined;
  return isThere ? [name, overrides] : [name];
}
