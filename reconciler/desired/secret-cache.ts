import { allowedSources } from '../config/kombination/checks/check-policy.ts';
import type { FoundSecrets } from '../config/kombination/checks/find-secrets.ts';
import type { OperatorPolicy } from '../model/operator-policy.ts';
import type { SecretFailure } from '../config/kombination/checks/find-secrets.ts';
import { errorMessage, isReconcilerError } from '../base/errors.ts';
import type { Secret } from '../model/secret.ts';
import { Secret as SecretValue } from '../model/secret.ts';
import type { SecretFile, SecretSource } from '../model/secret-reference.ts';
import { SECRET_FORMS } from '../model/secret-reference.ts';
import type { OpenedFile, Secrets } from '../ports/secrets.ts';
import type { Source } from '../ports/source.ts';

/** A secret, why there is none, or `undefined` while nobody has asked (see `prepare`). */
export type SecretAnswer = Secret | SecretFailure | undefined;

/** Memory of secrets that take a while: decrypted files by blob id and answers of commands. Never written to a disk. */
export interface SecretCache {
  /** Environment and state directory as they are now, everything else as of the last `prepare`. */
  lookup(source: SecretSource): SecretAnswer;
  /**
   * Decrypts files that are not, and asks commands whose answer is old. What cannot be had is remembered, not thrown;
   * throws only what `Source` throws, and when the signal aborts.
   */
  prepare(sources: Iterable<SecretSource>, signal: AbortSignal): Promise<void>;
  /** True when enough has come together that `forget` is worth while. */
  readonly crowded: boolean;
  /** Keeps only what these still need. */
  keepOnly(sources: Iterable<SecretSource>): void;
  /** A cache of its own that knows the same by now, and reads files from elsewhere. */
  over(source: Pick<Source, 'readBlobs'>): SecretCache;
  /** A cache that asks nobody and opens nothing: it knows what this one does now of these references, and has stand-ins for everything else. */
  onlyKnown(references: ReadonlySet<string>): SecretCache;
}

export interface SecretCacheOptions {
  readonly source: Pick<Source, 'readBlobs'>;
  readonly secrets: Secrets;
  /** Largest file, in bytes. Default 1 MiB. */
  readonly maxBytes?: number;
  /** Time for which the answer of a command counts, in milliseconds. Default 30,000. */
  readonly maxAgeMs?: number;
  /** Monotonic, in milliseconds. Default: that of the process. */
  readonly now?: () => number;
}

interface Answer {
  readonly value: Secret | SecretFailure;
  readonly at: number;
}

interface CacheState extends Required<SecretCacheOptions> {
  readonly files: Map<string, OpenedFile | SecretFailure>;
  readonly answers: Map<string, Answer>;
}

const MIN_CROWDED_SIZE = 256;
const PARALLEL_COMMANDS = 4;

export function createSecretCache(options: SecretCacheOptions): SecretCache {
  const { maxBytes = 1024 ** 2, maxAgeMs = 30_000, now = () => performance.now() } = options;
  return createCache({ ...options, maxBytes, maxAgeMs, now, files: new Map(), answers: new Map() });
}

function createCache(state: CacheState): SecretCache {
  let limit = MIN_CROWDED_SIZE;
  return {
    lookup: (source) => lookup(state, source),
    async prepare(sources, signal) {
      const all = [...sources];
      await openFiles(state, all, signal);
      await askOthers(state, all, signal);
    },
    get crowded() {
      return state.files.size + state.answers.size > limit;
    },
    keepOnly(sources) {
      const files = new Set<string>();
      const references = new Set<string>();
      for (const { file, reference } of sources) {
        if (file) files.add(keyOf(file));
        references.add(reference);
      }
      for (const key of state.files.keys()) if (!files.has(key)) state.files.delete(key);
      for (const key of state.answers.keys()) if (!references.has(key)) state.answers.delete(key);
      limit = Math.max(MIN_CROWDED_SIZE, 2 * (state.files.size + state.answers.size));
    },
    over: (source) =>
      createCache({ ...state, source, files: new Map(state.files), answers: new Map(state.answers) }),
    onlyKnown: (references) => createKnown(state, references),
  };
}

function createKnown(state: CacheState, references: ReadonlySet<string>): SecretCache {
  const known: SecretCache = {
    lookup: (source) =>
      (references.has(source.reference) ? lookup(state, source) : undefined) ?? standIn(source),
    prepare: () => Promise.resolve(),
    crowded: false,
    keepOnly: () => undefined,
    over: () => known,
    onlyKnown: () => known,
  };
  return known;
}

/** A value that is like no other, so that what it goes into is seen to change. */
function standIn({ reference }: SecretSource): Secret {
  return new SecretValue(`not read: ${reference}`, reference);
}

/** The name tells the format, so it counts as well as the content. */
function keyOf({ store, path, blob }: SecretFile): string {
  return `${store}:${blob}:${path}`;
}

function lookup(
  { files, answers, secrets }: CacheState,
  { reference, file, command, provider }: SecretSource,
): SecretAnswer {
  if (provider && !secrets.providers.includes(provider.name)) return unknownProvider(reference, secrets);
  if (command || provider) return answers.get(reference)?.value;
  if (!file) return attempt(() => secrets.resolve(reference));
  const opened = files.get(keyOf(file));
  return opened && 'get' in opened ? attempt(() => opened.get(file.key)) : opened;
}

function unknownProvider(reference: string, { providers }: Secrets): SecretFailure {
  const forms = providers.map((name) => `secret://${name}/PATH`);
  const hint = [...forms, SECRET_FORMS].join(', ');
  return { code: 'INVALID_FORMAT', message: `"${reference}" is not a secret reference`, hint };
}

function attempt(read: () => Secret): Secret | SecretFailure {
  try {
    return read();
  } catch (error) {
    return toSecretFailure(error);
  }
}

function toSecretFailure(error: unknown): SecretFailure {
  // A provider that fails in its own way has no secret either; that is nobody's matter but of who asks for it.
  const code = isReconcilerError(error) ? error.code : undefined;
  return {
    code: code === 'SECRET_NOT_DECRYPTED' || code === 'SECRET_TIMEOUT' ? code : 'SECRET_NOT_FOUND',
    message: errorMessage(error),
  };
}

async function openFiles(
  state: CacheState,
  sources: readonly SecretSource[],
  signal: AbortSignal,
): Promise<void> {
  const { source, secrets, files, maxBytes } = state;
  const wanted = new Map<string, SecretFile[]>();
  const seen = new Set<string>();
  for (const { file } of sources) {
    if (!file || seen.has(keyOf(file)) || isOpen(files.get(keyOf(file)))) continue;
    seen.add(keyOf(file));
    wanted.set(file.blob, [...(wanted.get(file.blob) ?? []), file]);
  }
  if (wanted.size === 0) return;
  for await (const { blob, content, size } of source.readBlobs([...wanted.keys()], maxBytes, signal)) {
    signal.throwIfAborted();
    for (const { store, path, ...file } of wanted.get(blob) ?? []) {
      const key = keyOf({ store, path, ...file });
      const message = `cannot read ${path}: it has ${size} bytes, and at most ${maxBytes} are decrypted`;
      const opened: OpenedFile | SecretFailure = content
        ? await secrets.open({ store, path, content }).catch(toSecretFailure)
        : { code: 'SECRET_NOT_DECRYPTED', message };
      files.set(key, opened);
    }
  }
}

function isOpen(known: OpenedFile | SecretFailure | undefined): boolean {
  return known !== undefined && 'get' in known;
}

/** Asks commands of the operator, and providers. */
async function askOthers(
  state: CacheState,
  sources: readonly SecretSource[],
  signal: AbortSignal,
): Promise<void> {
  const { answers, secrets, now, maxAgeMs } = state;
  const old = new Map<string, () => Promise<Secret>>();
  for (const { reference, command, provider } of sources) {
    const known = answers.get(reference);
    const fresh = known && known.value instanceof SecretValue && now() - known.at < maxAgeMs;
    if (fresh) continue;
    if (command) old.set(reference, () => secrets.run(command.name, command.argument, signal));
    if (provider && secrets.providers.includes(provider.name))
      old.set(reference, () => secrets.ask(provider.name, provider.path, signal));
  }
  const waiting = [...old];
  const ask = async (): Promise<void> => {
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      const [reference, read] = next;
      signal.throwIfAborted();
      const value = await read().catch((error: unknown) => {
        signal.throwIfAborted();
        return toSecretFailure(error);
      });
      answers.set(reference, { value, at: now() });
    }
  };
  await Promise.all(Array.from({ length: PARALLEL_COMMANDS }, ask));
}

/** Secrets that the operator has not allowed the stack are not looked up: no command runs, and nobody learns which there are. */
export function lookedUp(
  { secrets, references }: Pick<FoundSecrets, 'secrets' | 'references'>,
  stack: string,
  policy: OperatorPolicy,
): Pick<FoundSecrets, 'secrets' | 'references'> {
  const allowed = new Set(allowedSources(policy, stack, references).map(({ reference }) => reference));
  return {
    secrets: secrets.filter(({ source }) => allowed.has(source.reference)),
    references: references.filter(({ reference }) => allowed.has(reference)),
  };
}
