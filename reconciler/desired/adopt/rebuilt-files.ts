import { stringify } from 'yaml';
import type { Fields } from '../../base/values.ts';
import { asFields, asList, asString } from '../../base/values.ts';
import { isPlainSecret } from '../../config/kombination/checks/plain-secrets.ts';
import type { RebuiltProject } from '../../model/docker/rebuild/rebuild-project.ts';

/*
 * A Compose file for a project whose own is gone, as it can stand in a repository: paths below the directory of the project are relative again, files that
 * were mounted as secrets are secrets, and passwords stand in `.env`, from where they are encrypted.
 */

export interface RebuiltFiles {
  readonly compose: string;
  /** Text of `.env`; `null`: it would be empty. */
  readonly env: string | null;
}

export interface RebuildPlace {
  /** Directory of the project on its host; `null`: nobody knows. */
  readonly host: string | null;
  /** Files of that directory that can be read, which may be secrets; see `findSecretFiles`. */
  readonly readable: ReadonlySet<string>;
}

/** Returns the paths of files below the directory that are mounted as Compose mounts secrets. */
export function findSecretFiles({ document }: RebuiltProject, host: string | null): readonly string[] {
  const found = Object.values(asFields(document['services']) ?? {}).flatMap((service) =>
    mountsOf(service).flatMap((mount) => {
      const { source, name } = asSecret(mount, host) ?? {};
      return source === undefined || name === undefined ? [] : [source];
    }),
  );
  return [...new Set(found)].sort();
}

export function writeRebuilt({ document }: RebuiltProject, place: RebuildPlace): RebuiltFiles {
  const secrets = new Map<string, string>();
  const variables = new Map<string, string>();
  const services = Object.entries(asFields(document['services']) ?? {}).map(([name, service]) => {
    const fields = asFields(service) ?? {};
    const placed = placeMounts(fields, place, secrets);
    return [name, withVariables(name, placed, variables)] as const;
  });
  const files = [...secrets].map(([path, key]) => [key, { file: `./${path}` }] as const);
  const compose = {
    ...document,
    services: Object.fromEntries(services),
    ...(files.length === 0 ? {} : { secrets: Object.fromEntries(files) }),
  };
  const env = [...variables].map(([name, value]) => dotenvLine(name, value)).join('');
  return { compose: stringify(compose, { lineWidth: 0 }), env: env === '' ? null : env };
}

function mountsOf(service: unknown): readonly unknown[] {
  return asList(asFields(service)?.['volumes']) ?? [];
}

interface Bind {
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** `/srv/app/data:/data:ro`, or the long form. */
function readBind(mount: unknown): Bind | null {
  if (typeof mount === 'string') {
    const [source = '', target = '', options = ''] = mount.split(':');
    return source.startsWith('/') && target !== ''
      ? { source, target, isReadOnly: options.split(',').includes('ro') }
      : null;
  }
  const fields = asFields(mount);
  const source = asString(fields?.['source']);
  const target = asString(fields?.['target']);
  if (fields?.['type'] !== 'bind' || source === undefined || target === undefined) return null;
  return { source, target, isReadOnly: fields['read_only'] === true };
}

/** The path from the directory of the project; `null`: it is not in there. Dollar signs are written twice. */
function below(host: string | null, source: string): string | null {
  if (host === null) return null;
  const prefix = `${host.replaceAll('$', '$$$$')}/`;
  return source.startsWith(prefix) ? source.slice(prefix.length) : null;
}

function asSecret(
  mount: unknown,
  host: string | null,
): { readonly source: string; readonly name: string } | null {
  const bind = readBind(mount);
  const source = bind === null ? null : below(host, bind.source);
  const name = /^\/run\/secrets\/([A-Za-z0-9_.-]+)$/.exec(bind?.target ?? '')?.[1];
  if (bind === null || source === null || name === undefined || !bind.isReadOnly) return null;
  return { source, name };
}

/** @param secrets keys of secrets by the paths of their files; gets those that are used */
function placeMounts(
  service: Fields,
  { host, readable }: RebuildPlace,
  secrets: Map<string, string>,
): Fields {
  const used: Fields[] = [];
  const rest = mountsOf(service).flatMap((mount): readonly unknown[] => {
    const secret = asSecret(mount, host);
    if (secret === null || !readable.has(secret.source)) return [withRelative(mount, host)];
    used.push({ source: keyFor(secrets, secret), target: secret.name });
    return [];
  });
  const { volumes: _, ...others } = service;
  return {
    ...others,
    ...(rest.length === 0 ? {} : { volumes: rest }),
    ...(used.length === 0 ? {} : { secrets: used }),
  };
}

function keyFor(
  secrets: Map<string, string>,
  { source, name }: { readonly source: string; readonly name: string },
): string {
  const known = secrets.get(source);
  if (known !== undefined) return known;
  const taken = new Set(secrets.values());
  let key = name;
  for (let number = 2; taken.has(key); number += 1) key = `${name}-${number}`;
  secrets.set(source, key);
  return key;
}

function withRelative(mount: unknown, host: string | null): unknown {
  const bind = readBind(mount);
  const path = bind === null ? null : below(host, bind.source);
  if (bind === null || path === null) return mount;
  if (typeof mount === 'string') return `./${path}${mount.slice(bind.source.length)}`;
  return { ...asFields(mount), source: `./${path}` };
}

/** @param variables of `.env`; gets the passwords of the service */
function withVariables(name: string, service: Fields, variables: Map<string, string>): Fields {
  const environment = asFields(service['environment']);
  if (environment === undefined) return service;
  const entries = Object.entries(environment).map(([key, written]) => {
    const value = typeof written === 'string' ? written.replaceAll('$$', '$') : '';
    if (!/^[A-Za-z_]\w*$/.test(key) || !isPlainSecret(key, value)) return [key, written] as const;
    const known = variables.get(key);
    const variable =
      known === undefined || known === value ? key : `${name.toUpperCase().replace(/\W/g, '_')}_${key}`;
    variables.set(variable, value);
    return [key, `\${${variable}}`] as const;
  });
  return { ...service, environment: Object.fromEntries(entries) };
}

function dotenvLine(name: string, value: string): string {
  if (!/['\\\r\n]/.test(value)) return `${name}='${value}'\n`;
  const escaped = value
    .replace(/["\\$]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r');
  return `${name}="${escaped}"\n`;
}
