import type { YAMLMap } from 'yaml';
import { isMap, isNode, isScalar, isSeq } from 'yaml';
import { defined } from '../../../base/values.ts';
import { isSensitiveName } from '../../../model/secret.ts';
import type { Import } from './import.ts';
import { parseDotEnv } from './interpolate.ts';

/** Brings one service into the words of a kombination. Compose's own words stay as they are. */
export function importService(shared: Import, name: string, service: YAMLMap): void {
  const place = ['services', name];
  importEnvFiles(shared, place, service);
  importEnvironment(shared, place, service);
  importMounts(shared, place, service);
  importConfigs(shared, place, service);
  importBuild(shared, place, service);
  if (!service.has('restart') && !service.has('deploy')) {
    service.set('restart', shared.document.createNode('no'));
    shared.note(
      'changed',
      place,
      'restart: "no" is written out: without it, a service is always kept running',
    );
  }
  shared.note('mapped', place, 'is a service with all that is not listed here');
}

type Place = readonly (string | number)[];

/** Later files win, and what the service says itself wins over all of them. */
function importEnvFiles(shared: Import, place: Place, service: YAMLMap): void {
  const value: unknown = service.toJS(shared.document)['env_file'];
  if (value === undefined) return;
  const at = [...place, 'env_file'];
  const merged: Record<string, string> = {};
  for (const item of [value].flat()) {
    const path = typeof item === 'string' ? item : textAt(item, 'path');
    const text = path === undefined ? null : shared.read(path);
    if (text === null) shared.note('dropped', at, `${path ?? 'a file'} is not there`);
    else {
      Object.assign(merged, parseDotEnv(text));
      shared.note('changed', at, `the variables of ${path} are written into environment`);
    }
  }
  service.delete('env_file');
  const own = toMap(service.toJS(shared.document)['environment']);
  const values = Object.entries(merged).filter(([key]) => !Object.hasOwn(own, key));
  if (values.length === 0) return;
  const map = environmentMap(shared, service);
  for (const [key, text] of values) {
    const secret = isSensitiveName(key);
    map.set(key, secret ? `\${${key}}` : text.replaceAll('$', '$$$$'));
    if (secret) shared.note('changed', at, `${key} stays a secret; give the daemon KOMBINATOR_SECRET_${key}`);
  }
}

function textAt(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !(key in value)) return undefined;
  const text = (value as Readonly<Record<string, unknown>>)[key];
  return typeof text === 'string' ? text : undefined;
}

function toMap(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) {
    return Object.fromEntries(
      value.map((item) => {
        const [key = '', ...rest] = String(item).split('=');
        return [key, rest.length > 0 ? rest.join('=') : null];
      }),
    );
  }
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The environment as a map, made or rewritten from a list. */
function environmentMap(shared: Import, service: YAMLMap): YAMLMap {
  const known = service.get('environment');
  if (isMap(known)) return known;
  const node = shared.document.createNode(toMap(service.toJS(shared.document)['environment']));
  service.set('environment', node);
  const made = service.get('environment');
  if (!isMap(made)) throw new Error('internal: an environment that is no map');
  return made;
}

/** Variables without a value came from the environment of whoever called Compose. */
function importEnvironment(shared: Import, place: Place, service: YAMLMap): void {
  const environment = service.get('environment');
  const told = (key: string) =>
    shared.note(
      'changed',
      [...place, 'environment'],
      `${key} has no value and becomes a secret; give the daemon KOMBINATOR_SECRET_${key}`,
    );
  if (isMap(environment)) {
    for (const pair of environment.items) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (pair.value !== null && !(isScalar(pair.value) && pair.value.value === null)) continue;
      environment.set(key, `\${${key}}`);
      told(key);
    }
  }
  if (isSeq(environment)) {
    for (const item of environment.items) {
      if (!isScalar(item) || typeof item.value !== 'string' || item.value.includes('=')) continue;
      told(item.value);
      item.value = `${item.value}=\${${item.value}}`;
    }
  }
}

interface Bind {
  readonly source: string;
  readonly target: string;
}

/** Turns mounts into files where they are in the project; what is not there yet was a place for data: a volume. */
function importMounts(shared: Import, place: Place, service: YAMLMap): void {
  const volumes = service.get('volumes');
  if (!isSeq(volumes)) return;
  const files: object[] = [];
  volumes.items = volumes.items.flatMap((item, index) => {
    const bind = bindOf(isNode(item) ? item.toJS(shared.document) : item);
    if (!bind) return [item];
    const at = [...place, 'volumes', index];
    const found = bind.source.startsWith('~') ? [] : shared.list(bind.source);
    if (found.length > 0) {
      files.push(bind);
      for (const path of found) shared.copies.add(path);
      shared.note('changed', at, `${bind.source} is copied into the container from the repository (files:)`);
      return [];
    }
    const name = volumeName(bind.source, String(place.at(-1)));
    shared.volumes.add(name);
    shared.note('changed', at, `${bind.source} is not there and becomes the volume ${name}`);
    return [shared.document.createNode(`${name}:${bind.target}`)];
  });
  if (files.length > 0) addFiles(shared, service, files);
  if (volumes.items.length === 0) service.delete('volumes');
}

/** A bind mount of a relative path, or of one in the home of whoever called Compose. */
function bindOf(value: unknown): Bind | undefined {
  if (typeof value === 'string') {
    const [source = '', target = ''] = value.split(':');
    return /^(\.{1,2}|~)(\/|$)/.test(source) && target.startsWith('/') ? { source, target } : undefined;
  }
  const source = textAt(value, 'source');
  const target = textAt(value, 'target');
  if (textAt(value, 'type') !== 'bind' || source === undefined || target === undefined) return undefined;
  return /^[.~]/.test(source) ? { source, target } : undefined;
}

function volumeName(source: string, service: string): string {
  const words = source
    .replace(/^[./]+/, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return words === '' || words === 'data' ? `${service}-data` : words.toLowerCase();
}

function addFiles(shared: Import, service: YAMLMap, files: readonly object[]): void {
  const known = service.get('files');
  if (isSeq(known)) for (const file of files) known.add(shared.document.createNode(file));
  else service.set('files', shared.document.createNode(files));
}

/** `configs` are files by another name. */
function importConfigs(shared: Import, place: Place, service: YAMLMap): void {
  const uses: unknown = service.toJS(shared.document)['configs'];
  if (!Array.isArray(uses)) return;
  const models = toMap((shared.document.toJS() as Readonly<Record<string, unknown>>)['configs']);
  const files = uses.flatMap((use: unknown, index): object[] => {
    const at = [...place, 'configs', index];
    const source = typeof use === 'string' ? use : (textAt(use, 'source') ?? '');
    const target = textAt(use, 'target') ?? `/${source}`;
    const { mode, uid, gid } = toMap(use);
    const more = defined({ mode, uid: numberOf(uid), gid: numberOf(gid) });
    const path = textAt(models[source], 'file');
    const content = textAt(models[source], 'content');
    const found = path === undefined ? [] : shared.list(path);
    for (const file of found) shared.copies.add(file);
    if (found.length === 0 && content === undefined) {
      shared.note('dropped', at, `the config ${source} has no file here and no content`);
      return [];
    }
    shared.note('changed', at, `the config ${source} becomes an entry of files`);
    return [{ ...(content === undefined ? { source: path } : { content }), target, ...more }];
  });
  service.delete('configs');
  if (files.length > 0) addFiles(shared, service, files);
}

/** Ids are texts in Compose. */
function numberOf(value: unknown): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function importBuild(shared: Import, place: Place, service: YAMLMap): void {
  const build: unknown = service.toJS(shared.document)['build'];
  if (build === undefined) return;
  const context = typeof build === 'string' ? build : (textAt(build, 'context') ?? '.');
  const inline = textAt(build, 'dockerfile_inline') !== undefined;
  const dockerfile = `${context.replace(/\/+$/, '')}/${textAt(build, 'dockerfile') ?? 'Dockerfile'}`;
  const files = shared.list(context);
  const missing =
    files.length === 0 ? context : inline || shared.list(dockerfile).length > 0 ? null : dockerfile;
  if (missing !== null) return replaceBuild(shared, place, service, missing);
  for (const path of [...files, ...(inline ? [] : shared.list(dockerfile))]) shared.copies.add(path);
  shared.note('mapped', [...place, 'build'], `${files.length} files of the context come along`);
}

/** Replaces a build that cannot be done here by an image from elsewhere. */
function replaceBuild(shared: Import, place: Place, service: YAMLMap, missing: string): void {
  const at = [...place, 'build'];
  service.delete('build');
  if (service.has('image')) {
    shared.note('dropped', at, `${missing} is not here: the image is pulled instead of built`);
    return;
  }
  const image = `${shared.name}-${String(place.at(-1))}`.toLowerCase().replace(/[^a-z0-9-]+/g, '-');
  service.set('image', image);
  service.set('pull_policy', 'never');
  shared.note('dropped', at, `${missing} is not here: the image ${image} is expected to be on the engine`);
}
