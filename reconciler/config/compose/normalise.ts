import { nameOf, placeSecrets } from './configs-and-secrets.ts';
import { isMapNode } from './merge.ts';
import type { ComposeNode, MapNode } from './node.ts';
import { child, entriesOf, isEmpty, map, scalar, withEntry } from './node.ts';
import type { Environment, Project } from './project.ts';
import type { PlaceBinds } from './service.ts';
import { normaliseService } from './service.ts';

/** COMPOSE_PROFILES counts where the kombination chooses none. */
export function withProfiles(document: MapNode, environment: Environment): MapNode {
  const names = (environment.get('COMPOSE_PROFILES') ?? '').split(',').filter((name) => name.trim() !== '');
  if (names.length === 0 || document.entries.has('profiles')) return document;
  const { origin } = document;
  const items = names.map((name) => scalar(name.trim(), origin));
  return withEntry(document, 'profiles', { kind: 'list', items, origin });
}

export interface NormaliseOptions {
  readonly environment: Environment;
  /** Finds places for bind mounts of relative paths. */
  readonly placeBinds: PlaceBinds;
}

/** A document in the words of a kombination: env files, binds, configs and builds of services are in their places. */
export function normaliseDocument(
  project: Project,
  document: MapNode,
  { environment, placeBinds }: NormaliseOptions,
): MapNode {
  const { entries } = document;
  const topLevel = {
    configs: new Map(entriesOf(entries.get('configs'))),
    secrets: new Map(entriesOf(entries.get('secrets'))),
    environment,
    placeBinds,
  };
  const services = entries.get('services');
  for (const [name, config] of topLevel.configs) checkConfig(project, name, config);
  const normal = entriesOf(services).map(([name, node]): [string, ComposeNode] => [
    name,
    isMapNode(node) ? normaliseService(project, node, topLevel) : node,
  ]);
  let result = entries.get('configs')?.kind === 'map' ? withEntry(document, 'configs', undefined) : document;
  if (services?.kind === 'map') result = withEntry(result, 'services', map(normal, services.origin));
  const secrets = entries.get('secrets');
  if (secrets?.kind === 'map') {
    const placed = placeSecrets(project, secrets, { environment, ofBuilds: secretsOfBuilds(services) });
    result = withEntry(result, 'secrets', map(placed, secrets.origin));
  }
  return result;
}

function secretsOfBuilds(services: ComposeNode | undefined): ReadonlySet<string> {
  const lists = entriesOf(services).map(([, service]) => child(service, 'build', 'secrets'));
  return new Set(lists.flatMap((list) => (list?.kind === 'list' ? list.items.map(nameOf) : [])));
}

/** Configs are gone when the schema is asked. */
function checkConfig(project: Project, name: string, config: ComposeNode): void {
  const wrong: ComposeNode[] = config.kind === 'map' || isEmpty(config) ? [] : [config];
  for (const key of ['file', 'content', 'environment']) {
    const node = child(config, key);
    if (node && node.kind !== 'scalar') wrong.push(node);
  }
  for (const node of wrong) {
    const message = `the config ${name} says what it is as text: file, content or environment`;
    project.error('INVALID_TYPE', node, message);
  }
}
