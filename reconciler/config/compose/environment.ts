import { isProblem } from '../../base/problem.ts';
import { escapeEnv } from './interpolate-nodes.ts';
import { resolveComposePath } from './compose-path.ts';
import { toPairs, toSequence } from './merge.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, entriesOf, isEmpty, map, scalar, textOf, withEntry } from './node.ts';
import type { Environment, Project } from './project.ts';
import { readEnvFile, rememberUnset } from './project.ts';

/** A service whose env files are in its environment, and whose label files are in its labels. */
export function fillEnvironment(project: Project, service: MapNode, environment: Environment): MapNode {
  const withLabels = fillLabels(project, service, environment);
  const { entries } = withLabels;
  const own = entries.get('environment') ?? entries.get('env');
  const files = entries.get('env_file');
  if (!own && !files) return withLabels;
  // Unreadable variables are left for the schema to complain of.
  if (own && !isReadable(own)) return withLabels;
  const said = entriesOf(own && toPairs(own)).flatMap(([name, node]): [string, ComposeNode, boolean][] => {
    const value = isEmpty(node) ? passOn(project, name, node, environment) : toText(node);
    return value ? [[name, value, isEmpty(node) && !environment.has(name)]] : [];
  });
  const known: Known = {
    environment,
    own: new Map(said.flatMap(([name, node, isUnset]) => (isUnset ? [] : [[name, textOf(node) ?? '']]))),
    files: new Map(),
  };
  const variables = new Map<string, ComposeNode>();
  for (const file of files ? toSequence(files).items : []) {
    for (const [name, node] of readFile(project, file, known)) variables.set(name, node);
  }
  for (const [name, node, isUnset] of said) if (!isUnset || !variables.has(name)) variables.set(name, node);
  const origin = (own ?? files ?? service).origin;
  const result = withEntry(withEntry(withLabels, 'env_file', undefined), 'env', undefined);
  // Env files that hold nothing, or need not be there, add nothing.
  return own || variables.size > 0 ? withEntry(result, 'environment', map(variables, origin)) : result;
}

/** A map, or a list of texts. */
function isReadable(environment: ComposeNode): boolean {
  if (environment.kind === 'list') return environment.items.every(({ kind }) => kind === 'scalar');
  return environment.kind === 'map' || isEmpty(environment);
}

/** A variable of which only the name is said: its value comes from around the project, or from a secret. */
function passOn(
  project: Project,
  name: string,
  node: ComposeNode,
  environment: Environment,
): ComposeNode | undefined {
  const value = environment.get(name);
  if (value !== undefined && !project.variables.isSecret(name)) return scalar(escapeEnv(value), node.origin);
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    if (node.origin.file.isKombination)
      project.error('INVALID_FORMAT', node, `"${name}" is not NAME=value, and no name of a variable`);
    return undefined;
  }
  // One that a kombination itself passes on must come from somewhere.
  if (!node.origin.file.isKombination) rememberUnset(project, node.origin, name);
  return scalar(`\${${name}}`, node.origin);
}

function toText(node: ComposeNode): ComposeNode {
  return node.kind === 'scalar' && node.value !== null ? { ...node, value: String(node.value) } : node;
}

interface FileUse {
  readonly path: string;
  readonly raw: boolean;
  readonly required: boolean;
  readonly node: ComposeNode;
}

function readUse(project: Project, node: ComposeNode): FileUse | undefined {
  const written = node.kind === 'map' ? child(node, 'path') : node;
  if (!written) {
    project.error('REQUIRED', node, 'an env file needs a path');
    return undefined;
  }
  const required = textOf(child(node, 'required')) !== 'false';
  const path = resolveComposePath(project, written.origin.file.base, written);
  const raw = textOf(child(node, 'format')) === 'raw';
  return path === undefined ? undefined : { path, raw, required, node: written };
}

/** Values that env files may refer to: those around the service, its own, and those of files before. */
interface Known {
  readonly environment: Environment;
  /** Values of the service's own environment, as a kombination has them. */
  readonly own: ReadonlyMap<string, string>;
  /** Values of env files so far, as other values see them. */
  readonly files: Map<string, string>;
}

function readFile(
  project: Project,
  file: ComposeNode,
  known: Known,
): readonly (readonly [string, ComposeNode])[] {
  const use = readUse(project, file);
  if (!use) return [];
  const { path, raw, required, node } = use;
  const { environment, own, files } = known;
  const { isSecret } = project.variables;
  const entries = readEnvFile(project, path, {
    raw,
    lookup: (name) => environment.get(name) ?? own.get(name)?.replaceAll('$$', '$'),
    earlier: (name) => files.get(name),
    unset: (name, origin) => {
      rememberUnset(project, origin, name);
      return `\${${name}:-}`;
    },
    plain: escapeEnv,
    value(name, value) {
      if (isSecret(name)) return `\${${name}}`;
      return environment.has(name) ? escapeEnv(value) : (own.get(name) ?? escapeEnv(value));
    },
  });
  if (entries === undefined) return [];
  if (isProblem(entries)) {
    if (entries.code === 'CONTENT_ELSEWHERE') {
      project.error(entries.code, node, entries.problem, { hint: entries.hint });
    } else if (required) {
      project.error('ENV_FILE_NOT_FOUND', node, `the env file ${path} is not in the repository`, {
        hint: 'add it to the repository (secrets: as secret://… values), or say required: false',
      });
    }
    return [];
  }
  return entries.flatMap(({ name, value, plain, origin }): [string, ComposeNode][] => {
    if (value === null) {
      // One that an earlier file has set keeps that value.
      if (files.has(name) && !environment.has(name)) return [];
      const passed = passOn(project, name, { kind: 'scalar', value, origin }, environment);
      return passed ? [[name, passed]] : [];
    }
    files.set(name, plain);
    if (isSecret(name)) {
      rememberUnset(project, origin, name);
      return [[name, scalar(`\${${name}}`, origin)]];
    }
    return [[name, scalar(raw ? escapeEnv(value) : value, origin)]];
  });
}

function fillLabels(project: Project, service: MapNode, environment: Environment): MapNode {
  const files = service.entries.get('label_file');
  if (!files) return service;
  const labels = new Map<string, ComposeNode>();
  for (const file of toSequence(files).items) {
    const use = readUse(project, file);
    if (!use) continue;
    const entries = readEnvFile(project, use.path, { lookup: (name) => environment.get(name) });
    if (entries && isProblem(entries)) {
      project.error(entries.code ?? 'FILE_NOT_FOUND', use.node, entries.problem);
      continue;
    }
    for (const { name, value, origin } of entries ?? []) labels.set(name, scalar(value ?? '', origin));
  }
  const own = service.entries.get('labels');
  for (const [name, node] of entriesOf(own && toPairs(own))) labels.set(name, node);
  return withEntry(withEntry(service, 'label_file', undefined), 'labels', map(labels, (own ?? files).origin));
}
