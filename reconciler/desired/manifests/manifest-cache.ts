import { LRUCache } from 'lru-cache';
import { canonicalJson, sha256 } from '../../base/json.ts';
import type { Problem } from '../../base/problem.ts';
import { isProblem } from '../../base/problem.ts';
import { fillValues } from '../../config/kombination/manifests/chart-values.ts';
import { CHART_DIRECTORY, valuesFile } from '../../config/kombination/manifests/find-manifests.ts';
import type { ChartModel } from '../../config/kombination/manifests/manifest-model.ts';
import { manifestTitle } from '../../config/kombination/manifests/manifest-model.ts';
import { Secret } from '../../model/secret.ts';
import type {
  ManifestNeed,
  ManifestRenderer,
  ManifestRequest,
  ProgramFile,
} from '../../ports/manifest-renderer.ts';
import type { Source } from '../../ports/source.ts';
import type { ReadManifests } from '../../render/kubernetes/manifests/read-manifests.ts';
import { readManifests } from '../../render/kubernetes/manifests/read-manifests.ts';
import { decoyOf } from './decoy.ts';
import type { ManifestSource } from './manifest-source.ts';
import { REPOSITORY } from './manifest-source.ts';

/** A chart or an overlay with the secrets of this moment. */
export interface ManifestOrder {
  readonly source: ManifestSource;
  /** Stands for all that goes in, secrets included; never leaves the process. */
  readonly key: string;
  /** The secrets in its values, by reference. */
  readonly secrets: ReadonlyMap<string, Secret>;
}

export interface RenderedManifest {
  readonly objects: () => ReadManifests;
  /** Problems with what was rendered, at hand without reading all of it again. */
  readonly problems: ReadManifests['problems'];
  readonly needs: ReadManifests['needs'];
}

interface Failure {
  readonly failure: Problem;
}

export type ManifestAnswer =
  | RenderedManifest
  | (Failure & {
      /** Moment from which on it is tried again. */
      readonly dueAt: number;
    });

/** Memory of what charts and overlays are made into: never on a disk, as there may be secrets in it. */
export interface ManifestCache {
  /** False in a command without the operator's configuration: a daemon may render what this one does not. */
  readonly knowsOperator: boolean;
  readonly hasRenderer: boolean;
  /** Says why something cannot be rendered at all; `null`: it can. */
  whyNot(source: Pick<ManifestSource, 'model'>): Problem | null;
  /** `undefined` while nobody has rendered it. */
  lookup(order: ManifestOrder): ManifestAnswer | undefined;
  /**
   * Renders what has not been, and, with `again`, what could not be. Failures are remembered, not thrown; throws only what `Source` throws, and
   * when the signal aborts.
   */
  prepare(orders: readonly ManifestOrder[], signal: AbortSignal, again?: boolean): Promise<void>;
  /** True when enough has come together that `keepOnly` is worth while. */
  readonly crowded: boolean;
  keepOnly(keys: ReadonlySet<string>): void;
  /**
   * A cache of its own that knows the same by now, and reads files from elsewhere.
   *
   * @param isUntrusted what it does not know is rendered without secrets: a template could tell of them by what it makes
   */
  over(source: Pick<Source, 'readBlobs'>, isUntrusted: boolean): ManifestCache;
}

export interface ManifestCacheOptions {
  readonly source: Pick<Source, 'readBlobs'>;
  /** `null`: the operator has not allowed any; `undefined`: nobody knows the operator. */
  readonly renderer: ManifestRenderer | null | undefined;
  /** Largest file, in bytes. */
  readonly fileBytes: number;
  /** Monotonic, in milliseconds. Default: that of the process. */
  readonly now?: () => number;
}

interface Rendered {
  readonly text: string;
  readonly decoy: string | null;
}

interface CacheState extends Omit<Required<ManifestCacheOptions>, 'renderer'> {
  readonly renderer: ManifestRenderer | null;
  readonly knowsOperator: boolean;
  readonly answers: Map<string, ManifestAnswer>;
  readonly isUntrusted: boolean;
  /** Objects read last. */
  readonly read: LRUCache<string, ReadManifests>;
}

const MIN_CROWDED_SIZE = 64;
const MAX_READ_KEPT = 32;
const AT_ONCE = 2;
/** One that fails is not tried again before so many times the time that it took. */
const REST = 10;
/** Time that those which fail may take of one preparation, in milliseconds: other stacks wait behind it. */
const MAX_WASTED_MS = 60_000;
/** All files of a chart or an overlay together, in bytes. */
const MAX_BYTES = 32 * 1024 ** 2;

export function createManifestCache(options: ManifestCacheOptions): ManifestCache {
  return createCache({
    now: () => performance.now(),
    ...options,
    renderer: options.renderer ?? null,
    knowsOperator: options.renderer !== undefined,
    isUntrusted: false,
    answers: new Map(),
    read: new LRUCache({ max: MAX_READ_KEPT }),
  });
}

function createCache(state: CacheState): ManifestCache {
  const { answers, renderer, isUntrusted } = state;
  let limit = MIN_CROWDED_SIZE;
  return {
    knowsOperator: state.knowsOperator,
    hasRenderer: renderer !== null,
    whyNot: (source) => whyNot(renderer, source),
    lookup: (order) =>
      answers.get(order.key) ?? (isUntrusted ? answers.get(withoutSecrets(order).key) : undefined),
    prepare: (orders, signal, again = false) => {
      const unknown = orders.filter(({ key }) => !answers.has(key));
      return prepare(state, { orders: isUntrusted ? unknown.map(withoutSecrets) : orders, again }, signal);
    },
    get crowded() {
      return answers.size > limit;
    },
    keepOnly(keys) {
      for (const key of answers.keys()) if (!keys.has(key)) answers.delete(key);
      limit = Math.max(MIN_CROWDED_SIZE, 2 * answers.size);
    },
    over: (source, untrusted) =>
      createCache({ ...state, source, isUntrusted: isUntrusted || untrusted, answers: new Map(answers) }),
  };
}

/** Puts an order together; `null` when a secret of it is not there, which is reported elsewhere. */
export function orderOf(
  source: ManifestSource,
  lookup: (reference: string) => Secret | undefined,
): ManifestOrder | null {
  const secrets = new Map<string, Secret>();
  if (source.model.kind === 'chart') {
    const filled = fillValues(
      source.model.values,
      (reference) => {
        const secret = lookup(reference);
        if (secret) secrets.set(reference, secret);
        return secret;
      },
      () => '',
    );
    if (filled === null) return null;
  }
  const digests = [...secrets].map(([reference, secret]) => [reference, secret.digest()]);
  return { source, key: sha256(canonicalJson([source.digest, digests])), secrets };
}

/** Returns the same with a text in place of each secret that tells nothing of it. */
function withoutSecrets(order: ManifestOrder): ManifestOrder {
  const { source, secrets } = order;
  if (secrets.size === 0) return order;
  const names = [...secrets.keys()];
  return {
    source,
    key: sha256(canonicalJson(['without secrets', source.digest, names])),
    secrets: new Map(names.map((name) => [name, new Secret(`not read: ${name}`, name)])),
  };
}

function whyNot(renderer: ManifestRenderer | null, { model }: Pick<ManifestSource, 'model'>): Problem | null {
  const need: ManifestNeed =
    model.kind === 'overlay'
      ? { kind: 'overlay' }
      : { kind: 'chart', address: model.place.type === 'archive' ? model.place.archive.address : null };
  return renderer === null ? NO_RENDERER[model.kind] : renderer.whyNot(need);
}

const NO_RENDERER: Readonly<Record<ManifestSource['model']['kind'], Problem>> = {
  chart: {
    code: 'NOT_ALLOWED',
    problem: 'the operator has not set up Helm charts',
    hint: "a line of the operator's configuration allows them: charts: { helm: /usr/local/bin/helm }",
  },
  overlay: {
    code: 'NOT_ALLOWED',
    problem: 'the operator has not set up Kustomize overlays',
    hint: "a line of the operator's configuration allows them: charts: { kustomize: /usr/local/bin/kustomize }, or kubectl: with the path of kubectl",
  },
};

async function prepare(
  state: CacheState,
  { orders, again }: { readonly orders: readonly ManifestOrder[]; readonly again: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { answers, renderer, now } = state;
  const wanted = orders.filter(({ key, source }) => {
    const known = answers.get(key);
    const isDue = known === undefined || (again && 'failure' in known && known.dueAt <= now());
    return isDue && whyNot(renderer, source) === null;
  });
  let wastedMs = 0;
  const waiting = [...new Map(wanted.map((one) => [one.key, one])).values()].reverse();
  const work = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      signal.throwIfAborted();
      const begun = now();
      if (wastedMs > MAX_WASTED_MS) {
        answers.set(next.key, { failure: notReached(next.source), dueAt: begun });
        continue;
      }
      const found = await answer(state, next, signal);
      const ended = now();
      const dueAt = ended + REST * (ended - begun);
      if ('failure' in found) wastedMs += ended - begun;
      answers.set(next.key, 'failure' in found ? { ...found, dueAt } : found);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

function notReached({ model }: ManifestSource): Problem {
  return {
    problem: `${manifestTitle(model)} was not rendered yet: others that cannot be took more than ${MAX_WASTED_MS / 1_000} s before it`,
    hint: 'it is tried again when everything is looked at; mend those that take so long',
  };
}

async function answer(
  state: CacheState,
  order: ManifestOrder,
  signal: AbortSignal,
): Promise<RenderedManifest | Failure> {
  const { renderer } = state;
  const { source, secrets, key } = order;
  if (renderer === null) throw new Error('internal: there is no renderer');
  const title = manifestTitle(source.model);
  const files = await readFiles(state, source, signal);
  if (isProblem(files)) return { failure: { ...files, problem: `${title}: ${files.problem}` } };
  const garbled = [...secrets].find(([, secret]) => !secret.isText());
  if (garbled !== undefined) {
    const problem = `${title}: the secret ${garbled[0]} is no text, so it cannot be a value`;
    return { failure: { code: 'INVALID_VALUE', problem } };
  }
  const hidden = [...secrets.values()].flatMap((secret) => secret.texts());
  const render = (reveal: (secret: Secret) => string): Promise<string | Problem> => {
    const request = toRequest(source, files, (reference) => secrets.get(reference), reveal);
    return renderer.render(request, hidden, signal);
  };
  const text = await render((secret) => secret.reveal());
  if (isProblem(text)) return { failure: { ...text, problem: `${title}: ${text.problem}` } };
  const decoy = secrets.size === 0 ? null : await render(decoyOf);
  if (!isProblem(decoy)) return toAnswer(state, { key, source, rendered: { text, decoy } });
  const problem = `${title}: where secrets go is found with other values in their place, and with these ${decoy.problem}`;
  return { failure: { ...decoy, problem } };
}

interface Whole {
  readonly key: string;
  readonly source: ManifestSource;
  readonly rendered: Rendered;
}

function toAnswer({ read }: CacheState, { key, source, rendered }: Whole): RenderedManifest {
  const { model, namespace } = source;
  const hooks = model.kind === 'chart' ? model.hooks : 'none';
  const readAll = () => readManifests({ ...rendered, namespace, title: manifestTitle(model), hooks });
  const whole = readAll();
  read.set(key, whole);
  return {
    problems: whole.problems,
    needs: whole.needs,
    objects() {
      const known = read.get(key) ?? readAll();
      read.set(key, known);
      return known;
    },
  };
}

async function readFiles(
  { source, fileBytes }: CacheState,
  { files }: ManifestSource,
  signal: AbortSignal,
): Promise<readonly ProgramFile[] | Problem> {
  const contents = new Map<string, Uint8Array>();
  // One content may be many files, by symlinks, and each of them is written down.
  const uses = Map.groupBy(files, ({ blob }) => blob);
  const blobs = [...uses.keys()];
  let sum = 0;
  if (blobs.length > 0) {
    for await (const { blob, content, size } of source.readBlobs(blobs, fileBytes, signal)) {
      signal.throwIfAborted();
      sum += size * (uses.get(blob)?.length ?? 1);
      if (content === null || sum > MAX_BYTES) {
        const path = uses.get(blob)?.[0]?.path ?? '';
        return { code: 'FILE_TOO_LARGE', problem: `its files are too large (${path} has ${size} bytes)` };
      }
      contents.set(blob, content);
    }
  }
  const found: ProgramFile[] = [];
  for (const { path, blob } of files) {
    const content = contents.get(blob);
    if (content === undefined)
      return { code: 'FILE_NOT_FOUND', problem: `the content of ${path} is not in the repository` };
    const text = path.startsWith('values/') ? Buffer.from(content).toString() : '';
    if (text.includes('secret://') || text.includes('${secret:'))
      return {
        code: 'SECRET_MISPLACED',
        problem: 'a file of valuesFiles refers to secrets, which are not looked up there',
        hint: 'write these values under values: of the chart',
      };
    found.push({ path, content });
  }
  return found;
}

function toRequest(
  { model, namespace, directory = '' }: ManifestSource,
  files: readonly ProgramFile[],
  lookup: (reference: string) => Secret | undefined,
  reveal: (secret: Secret) => string,
): ManifestRequest {
  if (model.kind === 'overlay') {
    const place = directory === '' ? REPOSITORY : `${REPOSITORY}/${directory}`;
    return { kind: 'overlay', files, directory: place };
  }
  const filled = fillValues(model.values, lookup, reveal);
  if (filled === null) throw new Error('internal: a chart is rendered without its secrets');
  return {
    kind: 'chart',
    files,
    namespace,
    values: JSON.stringify(filled.values),
    ...chartParts(model),
  };
}

function chartParts(model: ChartModel) {
  const { place, release, valuesFiles, crds, kubeVersion, apiVersions } = model;
  return {
    chart: place.type === 'archive' ? { archive: place.archive } : { directory: CHART_DIRECTORY },
    release,
    valuesFiles: valuesFiles.map((_, index) => valuesFile(index)),
    crds,
    apiVersions,
    ...(kubeVersion === undefined ? {} : { kubeVersion }),
  };
}
