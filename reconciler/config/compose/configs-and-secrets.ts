import { posix } from 'node:path';
import { joinPath } from '../file-tree.ts';
import { suggest } from '../../base/nearest.ts';
import { addFiles } from './binds.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, entriesOf, list, map, scalar, textOf, withEntry } from './node.ts';
import type { Environment, Project } from './project.ts';
import { rememberUnset } from './project.ts';

/*
 * `configs` and `secrets` of a Compose project. A config is a file that is copied into the container; a secret stays one.
 */

/** Top-level parts that services refer to. */
export interface TopLevelParts {
  readonly configs: ReadonlyMap<string, ComposeNode>;
  readonly secrets: ReadonlyMap<string, ComposeNode>;
  readonly environment: Environment;
}

/** A service whose configs are files; so are secrets whose value stands in the repository in clear. */
export function placeConfigs(project: Project, service: MapNode, topLevel: TopLevelParts): MapNode {
  const configs = service.entries.get('configs');
  const placed =
    configs?.kind === 'list' ? configs.items.flatMap((use) => placeConfig(project, use, topLevel) ?? []) : [];
  // A value that is no list is left for the schema to complain of.
  const bare = configs?.kind === 'list' ? withEntry(service, 'configs', undefined) : service;
  const withConfigs = placed.length > 0 ? addFiles(bare, placed) : bare;
  const secrets = service.entries.get('secrets');
  if (secrets?.kind !== 'list') return withConfigs;
  const clear = secrets.items.filter((use) => clearValue(use, topLevel) !== undefined);
  const kept = secrets.items.filter((use) => !clear.includes(use)).map(normaliseUse);
  const files = clear.map((use) =>
    buildFile(use, { key: 'content', value: clearValue(use, topLevel) ?? '', directory: '/run/secrets/' }),
  );
  const result = withEntry(withConfigs, 'secrets', list(kept, secrets.origin));
  return files.length > 0 ? addFiles(result, files) : result;
}

export function nameOf(use: ComposeNode): string {
  return textOf(use.kind === 'map' ? child(use, 'source') : use) ?? '';
}

/** The value of a secret that is an environment variable which the project itself sets. */
function clearValue(use: ComposeNode, { secrets, environment }: TopLevelParts): string | undefined {
  const variable = textOf(child(secrets.get(nameOf(use)), 'environment'));
  const value = variable === undefined ? undefined : environment.get(variable);
  return value?.startsWith('secret://') ? undefined : value;
}

function placeConfig(project: Project, use: ComposeNode, topLevel: TopLevelParts): ComposeNode | undefined {
  const name = nameOf(use);
  const config = topLevel.configs.get(name);
  if (!config) {
    project.error('UNKNOWN_CONFIG', use, `the config ${name} is not declared`, {
      hint: suggest(name, [...topLevel.configs.keys()]) ?? 'add it under the top-level configs:',
    });
    return undefined;
  }
  const file = child(config, 'file');
  const content = textOf(child(config, 'content'));
  const variable = child(config, 'environment');
  if (file) {
    const path = joinPath(file.origin.file.base, textOf(file) ?? '');
    const source = path === null ? (textOf(file) ?? '') : posix.relative(`/${project.directory}`, `/${path}`);
    return buildFile(use, { key: 'source', value: source, directory: '/', from: file });
  }
  if (content !== undefined)
    return buildFile(use, { key: 'content', value: content, directory: '/', from: child(config, 'content') });
  const key = textOf(variable);
  if (key !== undefined && variable) {
    const value = topLevel.environment.get(key);
    if (value === undefined) rememberUnset(project, variable.origin, key);
    return buildFile(use, {
      key: 'content',
      value: value ?? `\${secret:env/${key}:-}`,
      directory: '/',
      from: variable,
    });
  }
  project.error('UNSUPPORTED_KEY', config, `the config ${name} has no file, content or environment`, {
    hint: 'an engine outside of a swarm has no configs of its own',
  });
  return undefined;
}

/** Content of a file, where it was written, and where files without a path of their own go. */
interface Content {
  readonly key: 'source' | 'content';
  readonly value: string;
  readonly directory: '/' | '/run/secrets/';
  readonly from?: ComposeNode | undefined;
}

function buildFile(use: ComposeNode, { key, value, directory, from = use }: Content): ComposeNode {
  const target = textOf(child(use, 'target')) ?? nameOf(use);
  const entries: [string, ComposeNode][] = [
    [key, scalar(value, from.origin)],
    ['target', scalar(target.startsWith('/') ? target : `${directory}${target}`, use.origin)],
    ['mode', scalar(modeOf(child(use, 'mode')) ?? '0444', use.origin)],
  ];
  for (const owner of ['uid', 'gid']) {
    const id = child(use, owner);
    if (id) entries.push([owner, scalar(Number(textOf(id)), id.origin)]);
  }
  return map(entries, use.origin);
}

/** The reader takes whole numbers as what they are; a kombination wants the digits. */
export function modeOf(node: ComposeNode | undefined): string | undefined {
  if (node?.kind !== 'scalar' || node.value === null) return undefined;
  if (typeof node.value !== 'number' || node.origin.file.isKombination) return String(node.value);
  return `0${node.value.toString(8)}`;
}

function normaliseUse(use: ComposeNode): ComposeNode {
  const mode = child(use, 'mode');
  const digits = modeOf(mode);
  return use.kind === 'map' && mode && digits !== undefined
    ? withEntry(use, 'mode', scalar(digits, mode.origin))
    : use;
}

const SECRET_KEYS = new Set(['file', 'environment', 'secret']);

/** `secrets` of the document: paths from the kombination's directory, only what a secret can say. */
export function placeSecrets(
  project: Project,
  secrets: ComposeNode | undefined,
  { environment, ofBuilds }: Pick<TopLevelParts, 'environment'> & { readonly ofBuilds: ReadonlySet<string> },
) {
  return entriesOf(secrets).flatMap(([name, node]): [string, ComposeNode][] => {
    const told = [...SECRET_KEYS].some((key) => child(node, key) !== undefined);
    if (!told && textOf(child(node, 'external')) === 'true') {
      project.error(
        'UNSUPPORTED_KEY',
        node,
        `the secret ${name} is external, and an engine keeps no secrets`,
        {
          hint: `say where it is in the kombination: secrets: { ${name}: { secret: "secret://…" } }`,
        },
      );
      return [];
    }
    const variable = textOf(child(node, 'environment'));
    const value = variable === undefined ? undefined : environment.get(variable);
    if (value?.startsWith('secret://')) {
      return [[name, map([['secret', scalar(value, node.origin)]], node.origin)]];
    }
    // Containers are given it as a file; a build has no files but those of its context.
    if (value !== undefined && !ofBuilds.has(name)) return [];
    const entries = entriesOf(node).flatMap(([key, part]): [string, ComposeNode][] => {
      if (key.startsWith('x-')) return [];
      if (!SECRET_KEYS.has(key) && key !== 'external') {
        if (key !== 'name') project.warning('UNSUPPORTED_KEY', part, `${key} has no effect`, { at: 'key' });
        return [];
      }
      if (key !== 'file') return [[key, part]];
      const path = joinPath(part.origin.file.base, textOf(part) ?? '');
      if (path === null) return [[key, part]];
      return [[key, scalar(posix.relative(`/${project.directory}`, `/${path}`), part.origin)]];
    });
    return [
      [
        name,
        map(
          entries.filter(([key]) => key !== 'external'),
          node.origin,
        ),
      ],
    ];
  });
}
