import { posix } from 'node:path';
import type { Problem } from '../../../base/problem.ts';
import { sha256 } from '../../../base/json.ts';
import { directoryOf } from '../../file-tree.ts';
import type { TreeDirectory } from '../../file-tree.ts';
import { loadSet, withEnvFile } from '../load.ts';
import { isMapNode } from '../merge.ts';
import type { ComposeNode, MapNode, Origin } from '../node.ts';
import { child, entriesOf, scalar, textOf } from '../node.ts';
import type { Environment, Project, Texts, VariablePolicy } from '../project.ts';
import { createProject } from '../project.ts';
import { dependenciesOf } from './dependencies.ts';
import { Unreproducible } from './go-json.ts';
import type { Reader } from './service-hash.ts';
import { scopeOf, withNetworks, writeService } from './service-hash.ts';
import { named, writeNetwork, writeVolume } from './top-level.ts';
import { HOST_ONLY } from './writers.ts';

/*
 * The hashes that docker-compose 2.40 puts on what it makes, as labels, and compares at the next `up`: what has another hash is made
 * anew. They are of Go's JSON of the whole description, once everything is filled in (compose-go 2.9, pkg/compose/hash.go).
 */

export interface HashedProjectOptions {
  readonly tree: TreeDirectory;
  /** Texts of the repository by blob id, as far as they have been read. */
  readonly texts: Texts;
  /** Compose files from the root of the repository, later ones over earlier ones. */
  readonly files: readonly string[];
  /** Name of the Compose project. */
  readonly name: string;
  /** Directory of the first file on its host: `/srv/app`. */
  readonly directory: string;
  /**
   * Variables of the shell that calls docker-compose: they go before those of `.env`. Secrets are among them, with their values. Without
   * `HOME` there is no hash of what asks for it or begins with `~`; without `PWD` it is the directory.
   */
  readonly variables?: ReadonlyMap<string, string>;
  /** Ids of the first containers of services, for those that share a namespace or volumes with them. */
  readonly containers?: ReadonlyMap<string, string>;
}

/** Hash in hex, or what stands in the way: a key whose value docker-compose alone knows. */
export type ComposeHash = string | Problem;

export interface HashedProject {
  /** Texts without which the result is not complete, by blob id: read them and ask again. */
  readonly missing: readonly string[];
  /** Findings that keep the whole project from being read, in words. */
  readonly problems: readonly string[];
  /** Services by name, those without an active profile too. */
  readonly services: ReadonlyMap<string, HashedService>;
  /** Networks and volumes by key; those that no service uses, too. */
  readonly networks: ReadonlyMap<string, HashedPart>;
  readonly volumes: ReadonlyMap<string, HashedPart>;
}

/** A network or volume of a Compose file. */
export interface HashedPart {
  /** Name on the engine. */
  readonly name: string;
  readonly isExternal: boolean;
  readonly hash: ComposeHash;
}

export interface HashedService {
  readonly hash: ComposeHash;
  /** Services that it waits for, as the label `depends_on` has them: `db:service_healthy:false`. */
  readonly dependencies: readonly string[];
}

/** Reads a Compose project as docker-compose does, and hashes its parts. */
export function hashComposeProject(options: HashedProjectOptions): HashedProject {
  const { files, name, tree, texts } = options;
  const base = directoryOf(files[0] ?? '');
  const project = createProject({
    file: files[0] ?? '',
    tree,
    texts,
    name,
    directory: base,
    adopts: true,
    variables: AS_COMPOSE,
  });
  const source = { origin: originOf(files[0] ?? '', base) };
  const environment = environmentOfProject(project, options, source);
  const paths = files.map((path) => ({ path, source }));
  const model = loadSet(project, { paths, base, environment, includeChain: [] });
  const reader: Reader = {
    project,
    environment,
    base,
    directory: options.directory,
    home: options.variables?.get('HOME'),
    containers: options.containers ?? new Map(),
  };
  const services = entriesOf(model?.entries.get('services')).map(
    ([key, service]) => [key, hashService(key, service, reader)] as const,
  );
  const hashed = {
    services: new Map(services),
    networks: new Map(networksOf(model).map(([key, node]) => [key, hashPart('networks', key, node, reader)])),
    volumes: new Map(
      entriesOf(model?.entries.get('volumes')).map(([key, node]) => [
        key,
        hashPart('volumes', key, node, reader),
      ]),
    ),
  };
  const problems = project.diagnostics.filter(({ severity }) => severity === 'error');
  return { ...hashed, missing: [...project.missing], problems: problems.map(({ message }) => message) };
}

/** Variables as docker-compose fills them in: what nobody sets is empty. */
const AS_COMPOSE: VariablePolicy = {
  isSecret: () => false,
  fillerAt: (project, { origin, environment }) => ({
    lookup: (name) => environment.get(name),
    unset: () => '',
    required(name, message) {
      const reason = message === '' ? '' : `: ${message}`;
      project.error('UNRESOLVED_VARIABLE', { origin }, `\${${name}} has no value${reason}`);
      return '';
    },
  }),
};

function environmentOfProject(
  project: Project,
  { name, directory, variables = new Map() }: HashedProjectOptions,
  source: Pick<ComposeNode, 'origin'>,
): Environment {
  const path = posix.join(source.origin.file.base, '.env');
  const shell = new Map([['HOME', HOST_ONLY], ['PWD', directory], ...variables]);
  const read = withEnvFile(project, shell, { node: source, path, optional: true });
  return new Map([...read, ['COMPOSE_PROJECT_NAME', name]]);
}

function originOf(path: string, base: string): Origin {
  const document = { value: undefined, problems: [], position: () => ({ line: 1, column: 1 }) };
  return { file: { path, base, document }, path: [] };
}

/** Networks of the model, with the one that is there without being said. */
function networksOf(model: MapNode | undefined): readonly (readonly [string, ComposeNode])[] {
  const said = entriesOf(model?.entries.get('networks'));
  const services = entriesOf(model?.entries.get('services'));
  const usesDefault = services.some(
    ([, service]) =>
      isMapNode(service) &&
      entriesOf(withNetworks(service).entries.get('networks')).some(([key]) => key === 'default'),
  );
  if (!model || !usesDefault || said.some(([key]) => key === 'default')) return said;
  return [...said, ['default', scalar(null, model.origin)]];
}

function hashPart(kind: 'networks' | 'volumes', key: string, node: ComposeNode, reader: Reader): HashedPart {
  const whole = named(key, node, reader.project.name);
  const scope = scopeOf(reader, `${kind}.${key}`);
  return {
    name: textOf(child(whole, 'name')) ?? '',
    isExternal: child(whole, 'external') !== undefined,
    hash: hashOf(() => (kind === 'networks' ? writeNetwork : writeVolume)(whole, scope)),
  };
}

function hashService(key: string, service: ComposeNode, reader: Reader): HashedService {
  const place = `services.${key}`;
  if (!isMapNode(service)) return { hash: { problem: `${place} is no map` }, dependencies: [] };
  return {
    hash: hashOf(() => writeService(key, service, reader)),
    dependencies: dependenciesOf(service),
  };
}

function hashOf(write: () => string): ComposeHash {
  try {
    return sha256(write());
  } catch (error) {
    if (error instanceof Unreproducible) return { problem: error.message };
    throw error;
  }
}
