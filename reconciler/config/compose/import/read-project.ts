import { posix } from 'node:path';
import { directoryOf } from '../../file-tree.ts';
import { guessStackName } from '../../kombination/stack-name.ts';
import { coerceScalars } from '../coerce.ts';
import { loadSet, readEnvironment } from '../load.ts';
import { isMapNode } from '../merge.ts';
import type { ComposeNode, MapNode, Origin } from '../node.ts';
import { child, entriesOf, textOf } from '../node.ts';
import { withProfiles } from '../normalise.ts';
import type { Environment, Project } from '../project.ts';
import { createProject } from '../project.ts';
import type { ImportOptions } from './import.ts';
import type { VariableUses } from './variables.ts';
import { createImportedVariables, findTainted } from './variables.ts';

export const FILE = 'kombination.yaml';

/** A Compose project as adoption reads it, with variables filled in for good. */
export interface ReadProject {
  readonly project: Project;
  readonly name: string;
  readonly directory: string;
  /** All files together; `undefined` when they hold no document. */
  readonly model: MapNode | undefined;
  /** Variables whose values may stand in a kombination. */
  readonly environment: Environment;
  readonly uses: VariableUses;
}

export function readProject({ files, tree, texts, name: given, fallbackName }: ImportOptions): ReadProject {
  const directory = directoryOf(files[0] ?? '');
  const variables = createImportedVariables();
  const open = (name: string): Project =>
    createProject({
      file: posix.join(directory, FILE),
      tree,
      texts,
      name,
      directory,
      adopts: true,
      variables,
    });
  const source = { origin: originOf(files[0] ?? '', directory) };
  const read = (project: Project) => {
    const known = given === undefined ? [] : [['COMPOSE_PROJECT_NAME', given] as const];
    const environment = readEnvironment(project, known, { base: directory, source });
    for (const tainted of findTainted(environment)) variables.tainted.add(tainted);
    const paths = files.map((path) => ({ path, source }));
    const whole = withName(environment, project.name);
    const model = loadSet(project, { paths, base: directory, environment: whole, includeChain: [] });
    return { model, environment };
  };
  // The name may stand in the files, and be a variable in them.
  const first = read(open(toStackName(given ?? fallbackName)));
  const name = toStackName(nameOf(first.model, first.environment, given ?? fallbackName));
  variables.uses.clear();
  const project = open(name);
  const { model, environment } = read(project);
  const whole = model && withProfiles(model, environment);
  const coerced = whole && coerceScalars(project, whole);
  return {
    project,
    name,
    directory,
    model: isMapNode(coerced) ? coerced : undefined,
    environment: withoutSecrets(withName(environment, name), coerced, variables.isSecret),
    uses: variables.uses,
  };
}

function originOf(path: string, base: string): Origin {
  const document = { value: undefined, problems: [], position: () => ({ line: 1, column: 1 }) };
  return { file: { path, base, document }, path: [] };
}

function withName(environment: Environment, name: string): Environment {
  return new Map([['COMPOSE_PROJECT_NAME', name], ...environment]);
}

/** Finds the name as Compose does: a variable goes before what the files say. */
function nameOf(model: MapNode | undefined, environment: Environment, otherwise: string): string {
  const set = environment.get('COMPOSE_PROJECT_NAME') ?? '';
  const text = textOf(child(model, 'name')) ?? '';
  return [set, text].find((name) => name !== '') ?? otherwise;
}

function toStackName(text: string): string {
  const words = text.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  return guessStackName(`kombinations/${words || 'stack'}/${FILE}`, null, undefined);
}

/** The values of secrets, by whatever name, are left to the daemon. */
function withoutSecrets(
  environment: Environment,
  model: ComposeNode | undefined,
  isSecret: (name: string) => boolean,
): Environment {
  const secrets = entriesOf(child(model, 'secrets')).map(([, node]) => textOf(child(node, 'environment')));
  return new Map([...environment].filter(([name]) => !isSecret(name) && !secrets.includes(name)));
}
