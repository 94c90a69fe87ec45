import { own } from '../../../base/values.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { EnvPart } from '../service/env-value.ts';
import { parseEnvValue, referencesOf } from '../service/env-value.ts';
import type { TreeDirectory } from '../../file-tree.ts';
import { isDirectory, joinPath, resolvePath } from '../../file-tree.ts';
import type { DocumentDiagnostic, DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import type { Problem } from '../../../base/problem.ts';
import { isProblem } from '../../../base/problem.ts';
import type { Kombination } from '../kombination.ts';
import type { SecretModel, SecretUse } from '../service/secret-use.ts';
import { suggest } from '../../../base/nearest.ts';
import type { SecretFile, SecretSource } from '../../../model/secret-reference.ts';
import { parseSecretReference } from '../../../model/secret-reference.ts';
import { SECRETS_DIRECTORY } from '../service/service-secrets.ts';

/** A secret that something written in the document asks for. */
export interface SecretNeed {
  readonly source: SecretSource;
  /** Name as written: `DB_PASSWORD` or `secret://file/db`. */
  readonly name: string;
  /** It has no default. */
  readonly needed: boolean;
  /** A variable of a Compose file that may be left unset, which is warned of. */
  readonly unset?: boolean;
  /** Purpose, where the place that asks for it does not say: `the password of …`. */
  readonly purpose?: string;
  /** Words of the author to whom does not set it: `${NAME:?…}`. */
  readonly demand?: string;
  readonly path: DocumentPath;
}

/** A secret put into a container as a file, or shown to the steps of a build. */
export interface PlacedSecret {
  readonly use: SecretUse;
  readonly reference: string;
}

export interface FoundSecrets {
  readonly secrets: readonly SecretNeed[];
  /** Each secret once. */
  readonly references: readonly SecretSource[];
  /** Sources by reference as written. */
  readonly sources: ReadonlyMap<string, SecretSource>;
  /** Secrets that `secrets:` asks for, by service. */
  readonly placed: ReadonlyMap<string, readonly PlacedSecret[]>;
  /** Secrets that `build.secrets:` asks for, by service. */
  readonly built: ReadonlyMap<string, readonly PlacedSecret[]>;
  /** Repository paths that the findings rest on. */
  readonly watched: ReadonlySet<string>;
}

export interface SecretOptions {
  readonly tree: TreeDirectory;
  /** Directory of the kombination, from the root of the repository. */
  readonly directory: string;
  readonly diagnostics: DiagnosticCollector;
  /** Contents of files with references in them. */
  readonly templates: readonly { readonly parts: readonly EnvPart[]; readonly path: DocumentPath }[];
}

interface Search extends SecretOptions {
  readonly found: Map<string, SecretSource | Problem>;
  readonly needs: SecretNeed[];
  readonly watched: Set<string>;
}

/** Every secret that a kombination refers to, with its file found in the repository. Nothing is looked up. */
export function findSecrets(kombination: Kombination, options: SecretOptions): FoundSecrets {
  const { diagnostics, templates } = options;
  const search: Search = { ...options, found: new Map(), needs: [], watched: new Set() };
  for (const { value, path } of kombination.services.flatMap((service) => service.env)) {
    if (!value.includes('$') && !value.startsWith('secret://')) continue;
    const parts = parseEnvValue(value);
    if (isProblem(parts)) diagnostics.error('INVALID_FORMAT', path, parts.problem, { hint: parts.hint });
    else need(search, parts, path);
  }
  for (const { parts, path } of templates) need(search, parts, path);
  const placed = placeSecrets(kombination, search);
  const built = new Map(
    kombination.services.flatMap(({ name, build }) => {
      const list = declaredSecrets(build?.secrets ?? [], {
        name: `the build of ${name}`,
        kombination,
        search,
      });
      return list.length > 0 ? [[name, list] as const] : [];
    }),
  );
  const sources = new Map([...search.found].flatMap(([key, one]) => (isProblem(one) ? [] : [[key, one]])));
  const unique = new Map([...sources.values()].map((source) => [source.reference, source]));
  return {
    secrets: search.needs,
    references: [...unique.values()],
    sources,
    placed,
    built,
    watched: search.watched,
  };
}

/** The same for references that stand elsewhere: each of them in a text of its own. */
export function findReferences(
  references: readonly (Pick<SecretNeed, 'path' | 'purpose'> & { readonly reference: string })[],
  options: Omit<SecretOptions, 'templates'>,
): Omit<FoundSecrets, 'placed' | 'built'> {
  const search: Search = { ...options, templates: [], found: new Map(), needs: [], watched: new Set() };
  for (const { reference, path, purpose } of references) {
    need(search, [{ reference, name: reference }], path, purpose);
  }
  const sources = new Map([...search.found].flatMap(([key, one]) => (isProblem(one) ? [] : [[key, one]])));
  const unique = new Map([...sources.values()].map((source) => [source.reference, source]));
  return { secrets: search.needs, references: [...unique.values()], sources, watched: search.watched };
}

function need(search: Search, parts: readonly EnvPart[], path: DocumentPath, purpose?: string): void {
  for (const { reference, name, needed } of referencesOf(parts)) {
    const source = find(search, reference, path, () => toSource(search, reference));
    const more = purpose === undefined ? {} : { purpose };
    if (source) search.needs.push({ source, name, needed, path, ...more });
  }
}

/** Asks once for each reference, reports each place. */
function find(
  { found, diagnostics }: Search,
  key: string,
  path: DocumentPath,
  findSource: () => SecretSource | Problem,
): SecretSource | undefined {
  const source = found.get(key) ?? findSource();
  found.set(key, source);
  if (!isProblem(source)) return source;
  diagnostics.error(source.code ?? 'INVALID_FORMAT', path, source.problem, { hint: source.hint });
  return undefined;
}

function toSource(search: Search, text: string): SecretSource | Problem {
  const reference = parseSecretReference(text);
  if (isProblem(reference)) return reference;
  switch (reference.store) {
    case 'env':
    case 'file':
      return { reference: text };
    case 'command':
      return { reference: text, command: { name: reference.name, argument: reference.argument } };
    case 'provider':
      return { reference: text, provider: { name: reference.provider, path: reference.path } };
    case 'sops':
      return locateFile(search, { store: 'sops', path: reference.path, key: reference.key });
    case 'age':
      return locateFile(search, { store: 'age', path: reference.path, key: '' });
    default:
      return reference satisfies never;
  }
}

/** A path is relative to the directory of the kombination; one that starts with a slash to the root of the repository. */
function locateFile(
  { tree, directory, watched }: Search,
  { store, path, key }: Omit<SecretFile, 'blob'>,
): SecretSource | Problem {
  const place = path.startsWith('/') ? path.slice(1) : joinPath(directory, path);
  const found = resolvePath(tree, place ?? path);
  for (const visited of found.visited) watched.add(visited);
  const hint = 'paths are relative to the directory of this file; /PATH starts at the root of the repository';
  if (isProblem(found)) return { ...found, hint };
  if (isDirectory(found.node)) return { problem: `${path} is a directory`, code: 'FILE_NOT_FOUND', hint };
  const named = `secret://${store}/${found.path}${key === '' ? '' : `#${key}`}`;
  return { reference: named, file: { store, path: found.path, blob: found.node.blob, key } };
}

function placeSecrets(kombination: Kombination, search: Search): FoundSecrets['placed'] {
  const placed = new Map<string, readonly PlacedSecret[]>();
  for (const { name, secrets, mounts } of kombination.services) {
    const list = declaredSecrets(secrets, { name, kombination, search });
    if (list.length > 0) placed.set(name, list);
    const clash = mounts.find(({ mount }) => mount.target === SECRETS_DIRECTORY);
    if (list.length > 0 && clash) {
      search.diagnostics.error(
        'INVALID_VALUE',
        clash.path,
        `${SECRETS_DIRECTORY} is where the secrets of ${name} are put`,
      );
    }
  }
  return placed;
}

function declaredSecrets(
  uses: readonly SecretUse[],
  {
    name,
    kombination: { secrets },
    search,
  }: { readonly name: string; readonly kombination: Kombination; readonly search: Search },
): readonly PlacedSecret[] {
  return uses.flatMap((use): readonly PlacedSecret[] => {
    const model = own(secrets, use.source);
    if (model) return placeSecret(model, use, search);
    const hint = suggest(use.source, Object.keys(secrets)) ?? 'add it under the top-level secrets:';
    const message = `${name} is given the secret ${use.source}, which is not declared`;
    search.diagnostics.error('UNKNOWN_SECRET', use.path, message, { hint });
    return [];
  });
}

function placeSecret(model: SecretModel, use: SecretUse, search: Search): readonly PlacedSecret[] {
  const { path } = model;
  const key = model.reference ?? `file:${model.file ?? ''}`;
  const source = find(search, key, path, () =>
    model.reference === undefined
      ? fileSource(search, model.file ?? '', path)
      : toSource(search, model.reference),
  );
  if (!source) return [];
  search.needs.push({ source, name: source.reference, needed: true, path });
  return [{ use, reference: key }];
}

/** Finds the source of a file; its name tells how it is encrypted. */
function fileSource(search: Search, path: string, at: DocumentPath): SecretSource | Problem {
  const store = /\.sops(\.[^/.]*)?$/.test(path) ? 'sops' : path.endsWith('.age') ? 'age' : 'plain';
  const source = locateFile(search, { store, path, key: '' });
  if (store === 'plain' && !isProblem(source)) {
    search.diagnostics.warning('SECRET_IN_CLEAR', at, `${path} is in the repository in clear`, {
      hint: 'encrypt it with SOPS (NAME.sops.EXT) or age (NAME.age)',
    });
  }
  return source;
}

/** Reason why a secret cannot be had. */
export interface SecretFailure {
  /** `INVALID_FORMAT`: there is no provider of that name. */
  readonly code: 'SECRET_NOT_FOUND' | 'SECRET_NOT_DECRYPTED' | 'SECRET_TIMEOUT' | 'INVALID_FORMAT';
  readonly message: string;
  readonly hint?: string;
}

/** Says what is wrong with a secret that cannot be had. */
export function missingSecret(
  { name, source, path, unset, purpose, demand }: SecretNeed,
  problem: SecretFailure,
): DocumentDiagnostic {
  const { reference } = source;
  const suffix = demand === undefined ? '' : `: ${demand}`;
  if (unset && problem.code === 'SECRET_NOT_FOUND') {
    return {
      severity: 'warning',
      code: 'UNSET_VARIABLE',
      path,
      message: `the variable ${name} is not set: it becomes empty`,
      hint: `set it in .env, under variables: of the kombination, or as KOMBINATOR_SECRET_${name} for the daemon`,
    };
  }
  if (name !== reference && reference.startsWith('secret://env/') && !name.startsWith('secret://')) {
    return {
      severity: 'error',
      code: 'UNRESOLVED_VARIABLE',
      path,
      message: `\${${name}} has no value${suffix}`,
      hint: `set it in .env beside this file, or KOMBINATOR_SECRET_${name} for the daemon, give a default with \${${name}:-…}, or write $\${${name}} to mean it literally`,
    };
  }
  const [, store, key] = /^secret:\/\/(env|file)\/(.*)$/.exec(reference) ?? [];
  if (store === undefined) {
    const { code, message, hint } = problem;
    return { severity: 'error', code, path, message, ...(hint === undefined ? {} : { hint }) };
  }
  const hint =
    store === 'env'
      ? `set KOMBINATOR_SECRET_${key} for the daemon`
      : `put it in the file secrets/${key} of the state directory`;
  const message = `there is no secret ${reference}${purpose === undefined ? '' : `, ${purpose}`}${suffix}`;
  return { severity: 'error', code: 'SECRET_NOT_FOUND', path, message, hint };
}
