import { posix } from 'node:path';
import { toSequence } from '../merge.ts';
import type { MapNode } from '../node.ts';
import { entriesOf, list, map, scalar, textOf, withEntry } from '../node.ts';
import type { Environment, Project } from '../project.ts';
import { Unreproducible } from './go-json.ts';
import { cleanPath, longMounts } from './ports-and-mounts.ts';
import type { Reading } from './service-environment.ts';
import { environmentOf, labelsOf } from './service-environment.ts';
import { SERVICE, firstUnknown } from './service-fields.ts';
import type { Scope } from './writers.ts';
import { HOST_ONLY, always } from './writers.ts';

/** Surroundings that the parts of a project are read with. */
export interface Reader {
  readonly project: Project;
  readonly environment: Environment;
  /** Directory of the project, from the root of the repository. */
  readonly base: string;
  /** The same on its host. */
  readonly directory: string;
  /** Home of who calls docker-compose; `undefined`: nobody knows. */
  readonly home: string | undefined;
  /** Ids of containers by service. */
  readonly containers: ReadonlyMap<string, string>;
}

/** The bytes that are hashed. */
export function writeService(name: string, service: MapNode, reader: Reader): string {
  const key = `services.${name}`;
  const unknown = firstUnknown(service);
  if (unknown !== undefined) throw new Unreproducible(`${key}.${unknown}`, 'is a key that is not known here');
  const { project, environment, base } = reader;
  const reading: Reading = { project, environment, base, key };
  let whole = withNetworks(service);
  whole = withEntry(whole, 'environment', environmentOf(service, reading));
  whole = withEntry(whole, 'labels', labelsOf(service, reading));
  whole = withContainers(whole, key, reader);
  whole = withSocket(whole, scopeOf(reader, key));
  return always(SERVICE)(whole, scopeOf(reader, key)) ?? '';
}

/** A service that says nothing of networks is in the default one. */
export function withNetworks(service: MapNode): MapNode {
  const { entries, origin } = service;
  if (entries.has('network_mode') || entries.has('provider')) return service;
  const said = entries.get('networks');
  const isSaid = said?.kind === 'list' ? said.items.length > 0 : entriesOf(said).length > 0;
  if (said?.kind === 'list' && isSaid) {
    const entriesOfList = said.items.map((item) => [textOf(item) ?? '', scalar(null, item.origin)] as const);
    return withEntry(service, 'networks', map(entriesOfList, said.origin));
  }
  return isSaid ? service : withEntry(service, 'networks', map([['default', scalar(null, origin)]], origin));
}

/** Services whose namespaces or volumes are shared stand there as the ids of their containers. */
function withContainers(service: MapNode, key: string, { containers }: Reader): MapNode {
  const idOf = (name: string, at: string): string => {
    const id = containers.get(name);
    if (id === undefined)
      throw new Unreproducible(`${key}.${at}`, `asks for the id of the container of the service ${name}`);
    return id;
  };
  let result = service;
  for (const at of ['network_mode', 'ipc', 'pid']) {
    const node = service.entries.get(at);
    const [, name] = /^service:(.+)$/.exec(textOf(node) ?? '') ?? [];
    if (node && name !== undefined)
      result = withEntry(result, at, scalar(`container:${idOf(name, at)}`, node.origin));
  }
  const from = service.entries.get('volumes_from');
  if (from?.kind !== 'list') return result;
  const items = from.items.map((item) => {
    const [first = '', second = ''] = (textOf(item) ?? '').split(':');
    return scalar(first === 'container' ? second : idOf(first, 'volumes_from'), item.origin);
  });
  return withEntry(result, 'volumes_from', list(items, from.origin));
}

const SOCKET = '/var/run/docker.sock';

/** Adds what docker-compose adds for `use_api_socket`. */
function withSocket(service: MapNode, scope: Scope): MapNode {
  const { entries, origin } = service;
  if (textOf(entries.get('use_api_socket'))?.toLowerCase() !== 'true') return service;
  const mount = map(
    [
      ['type', scalar('bind', origin)],
      ['source', scalar(SOCKET, origin)],
      ['target', scalar(SOCKET, origin)],
    ],
    origin,
  );
  const mounts = entries.get('volumes');
  const known = mounts?.kind === 'list' ? longMounts(mounts, scope).items : [];
  const variables = new Map(entriesOf(entries.get('environment')));
  if (!variables.has('DOCKER_CONFIG')) variables.set('DOCKER_CONFIG', scalar('/run/secrets/docker', origin));
  const config = map(
    [
      ['source', scalar('#apisocket', origin)],
      ['target', scalar('/run/secrets/docker/config.json', origin)],
    ],
    origin,
  );
  const configs = entries.get('configs');
  const used = configs ? toSequence(configs).items : [];
  let result = withEntry(service, 'volumes', list([...known, mount], origin));
  result = withEntry(result, 'environment', map(variables, origin));
  return withEntry(result, 'configs', list([...used, config], origin));
}

export function scopeOf({ base, directory, home = HOST_ONLY }: Reader, key: string): Scope {
  return {
    key,
    absolute(node) {
      const written = textOf(node) ?? '';
      if (written === '') return '';
      if (written.startsWith('~')) return cleanPath(posix.join(home, written.slice(1)));
      if (written.startsWith('/')) return written;
      const from = posix.relative(`/${base}`, `/${node.origin.file.base}`);
      return cleanPath(posix.join(directory, from, written));
    },
  };
}
