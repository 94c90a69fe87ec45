import { asFields, asList, asString, own } from '../../base/values.ts';
import { parseDotenv } from '../../config/compose/dotenv.ts';
import type { HashedProject } from '../../config/compose/hash/compose-project.ts';
import { hashComposeProject } from '../../config/compose/hash/compose-project.ts';
import { directoryOf, isDirectory, joinPath, nodeAt } from '../../config/file-tree.ts';
import type { Analysis } from '../../config/kombination/analyze.ts';
import { composeContainerLabels, composePartLabels } from '../../model/docker/compose-labels.ts';
import type { ComposeProject, DesiredResource } from '../../model/resource.ts';
import { replicaNumber } from '../../model/rollout.ts';
import type { Secret } from '../../model/secret.ts';
import type { StackEntry } from '../stack-index.ts';
import type { Core } from '../state.ts';

/*
 * Labels for what is made anew of an adopted project. They are those that docker-compose would give it, so that it finds everything as it should be when
 * the stack is given back. What a kombination adds to its Compose files is none of Compose's: then the hash is one of ours.
 */

export interface ProjectLabelling {
  readonly entry: StackEntry;
  readonly analysis: Analysis;
  readonly secretOf: (reference: string) => Secret | undefined;
}

export function withProjectLabels(
  core: Core,
  resources: readonly DesiredResource[],
  labelling: ProjectLabelling,
): readonly DesiredResource[] {
  const { adopts, dataDir } = labelling.analysis.kombination;
  if (adopts === undefined) return resources;
  const directory = dataDir?.directory ?? null;
  const files = composeFilesOf(labelling.analysis);
  const hashed = directory === null ? null : hashProject(core, labelling, { directory, files });
  const place = {
    project: adopts.project,
    directory: directory ?? '/',
    files: files.map((one) => `${directory ?? ''}/${one}`),
  };
  return resources.map((one) =>
    one.kind === 'image'
      ? one
      : { ...one, compose: { project: adopts.project, labels: labelsFor(one, hashed, place) } },
  );
}

interface Place {
  readonly project: string;
  readonly directory: string;
  readonly files: readonly string[];
}

function labelsFor(
  { kind, name, spec, hash: ownHash }: DesiredResource,
  hashed: HashedProject | null,
  place: Place,
): ComposeProject['labels'] {
  if (kind === 'network' || kind === 'volume') {
    const hash = hashed?.[`${kind}s`].get(name)?.hash;
    return typeof hash === 'string'
      ? composePartLabels({ kind, project: place.project, key: name, hash })
      : {};
  }
  const service = asString(spec['service']) ?? name;
  const found = hashed?.services.get(service);
  const hash = typeof found?.hash === 'string' ? found.hash : ownHash;
  const dependencies = found?.dependencies ?? [];
  // The engine alone knows the image; see `makeContainer`.
  return composeContainerLabels({
    ...place,
    service,
    number: replicaNumber(name),
    hash,
    imageId: '',
    dependencies,
  });
}

/** Paths from the directory of the kombination. */
function composeFilesOf({ written }: Analysis): readonly string[] {
  const value = own(asFields(written.value), 'compose');
  return (typeof value === 'string' ? [value] : (asList(value) ?? [])).filter(
    (path) => typeof path === 'string',
  );
}

/** Keys of a kombination that change nothing of what its Compose files say. */
const BESIDE = new Set([
  'version',
  'meta',
  'compose',
  'adopts',
  'data_dir',
  'policy',
  'nodes',
  'dependsOn',
  'backup',
  'secrets',
  'hooks',
  'variables',
]);

/** `null` where Compose would not see what we see. */
function hashProject(
  core: Core,
  { entry, analysis, secretOf }: ProjectLabelling,
  { directory, files }: { readonly directory: string; readonly files: readonly string[] },
): HashedProject | null {
  if (Object.keys(asFields(analysis.written.value) ?? {}).some((key) => !BESIDE.has(key))) return null;
  const base = directoryOf(entry.file);
  const paths = files.map((path) => joinPath(base, path));
  if (paths.length === 0 || paths.includes(null)) return null;
  const { tree } = core.state;
  const texts = entry.texts ?? new Map<string, string>();
  const named = ownVariables(analysis.written.value, secretOf);
  if (named === null) return null;
  const hashed = hashComposeProject({
    tree,
    texts,
    files: paths.filter((path) => path !== null),
    name: analysis.kombination.adopts?.project ?? '',
    directory,
    variables: new Map([
      ...secretVariables(core, texts, { path: joinPath(base, '.env'), secretOf }),
      ...named,
    ]),
  });
  return hashed.missing.length + hashed.problems.length > 0 ? null : hashed;
}

/** Variables of the kombination, which are in clear where Compose reads them; `null`: one of them is put together of others. */
function ownVariables(
  written: unknown,
  secretOf: ProjectLabelling['secretOf'],
): ReadonlyMap<string, string> | null {
  const values = Object.entries(asFields(own(asFields(written), 'variables')) ?? {}).map(([name, value]) => {
    const text = asPlain(value);
    return [name, text?.startsWith('secret://') === true ? revealed(text, secretOf) : text] as const;
  });
  const known = values.filter((one): one is readonly [string, string] => one[1] !== null);
  return known.length === values.length ? new Map(known) : null;
}

/** A value that Compose sees as it is written; `null`: it sees another, or none. */
function asPlain(value: unknown): string | null {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isPlain && !String(value).includes('$') ? String(value) : null;
}

function revealed(reference: string, secretOf: ProjectLabelling['secretOf']): string | null {
  const secret = secretOf(reference);
  return secret?.isText() === true ? secret.reveal().replace(/\r?\n$/, '') : null;
}

/** Values of `.env` that are secrets here, and stand in clear where Compose reads them. */
function secretVariables(
  { state }: Core,
  texts: ReadonlyMap<string, string>,
  { path, secretOf }: { readonly path: string | null; readonly secretOf: ProjectLabelling['secretOf'] },
): ReadonlyMap<string, string> {
  const node = path === null ? undefined : nodeAt(state.tree, path);
  const text = node === undefined || isDirectory(node) ? undefined : texts.get(node.blob);
  const { entries } = parseDotenv(text ?? '', { lookup: () => undefined });
  return new Map(
    entries.flatMap(({ name, plain }) => {
      const value = plain.startsWith('secret://') ? revealed(plain, secretOf) : null;
      return value === null ? [] : [[name, value] as const];
    }),
  );
}
