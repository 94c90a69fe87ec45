import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { maskSpec, Secret } from '../../reconciler/index.ts';
import type {
  ApplyContext,
  ContainerSpec,
  Health,
  JsonObject,
  Observation,
  ObservedResource,
  ObserveScope,
  OwnedStack,
  RenderedObject,
  ResourceChange,
  ResourceId,
  Target,
  TargetKind,
} from '../../reconciler/index.ts';

/** Services become pages: files in a directory. A service says what stands in its page with `env: { PAGE: … }`. */
export const directoryKind: TargetKind = {
  kind: 'directory',
  connection: {
    type: 'object',
    required: ['path'],
    additionalProperties: false,
    properties: { path: { type: 'string', pattern: '^/', patternErrorMessage: 'must be an absolute path' } },
  },
  addressOf: ({ path }) => (typeof path === 'string' ? path : ''),
  render: ({ spec }) => [renderPage(spec)],
  create: ({ name, address }) => new DirectoryTarget(name, address),
};

function renderPage({ env = {} }: ContainerSpec): RenderedObject {
  const page = env['PAGE'];
  if (page === undefined) throw new Error('it needs env: { PAGE: … }');
  return { kind: 'page', spec: { page } };
}

/** Note that is kept beside a page, so that it can be told whose it is and as what it was made. */
interface Note {
  readonly id: ResourceId;
  readonly target: string;
  readonly name: string;
  readonly hash: string;
  readonly revision: string | null;
  readonly branch: string;
  /** Masked: no secret is written where nobody looks for one. */
  readonly spec: JsonObject;
  /** Digest of the page as it was written. */
  readonly digest: string;
}

/** `<path>/<stack>/<name>.page`, and a note beside each page. */
class DirectoryTarget implements Target {
  readonly kind = 'directory';
  readonly name: string;
  readonly #path: string;

  constructor(name: string, path: string) {
    this.name = name;
    this.#path = path;
  }

  async observe({ stack }: ObserveScope, signal: AbortSignal): Promise<Observation> {
    signal.throwIfAborted();
    const notes = await this.#notesOf(stack);
    return { resources: await Promise.all(notes.map((note) => this.#look(stack, note))), warnings: [] };
  }

  /** The page is written before its note, each all at once: whatever is cut short is done again. */
  async apply({ change, desired }: ResourceChange, context: ApplyContext): Promise<void> {
    const { stack, revision, branch, signal } = context;
    signal.throwIfAborted();
    const file = this.#fileOf(stack, change.name);
    if (desired === null) {
      await rm(`${file}.note`, { force: true });
      await rm(`${file}.page`, { force: true });
      return;
    }
    const value = desired.spec['page'];
    const page = value instanceof Secret ? value.reveal() : typeof value === 'string' ? value : '';
    const { id, target, name, hash } = desired;
    const spec = maskSpec(desired.spec);
    const note: Note = { id, target, name, hash, revision, branch, spec, digest: digestOf(page) };
    await mkdir(join(this.#path, stack), { recursive: true });
    await replaceFile(`${file}.page`, page);
    await replaceFile(`${file}.note`, JSON.stringify(note));
    context.progress(`wrote ${page.length} characters`);
  }

  async health(stack: string, id: ResourceId, signal: AbortSignal): Promise<Health> {
    signal.throwIfAborted();
    const note = (await this.#notesOf(stack)).find((one) => one.id === id);
    return note === undefined ? { status: 'missing' } : (await this.#look(stack, note)).health;
  }

  async owned(signal: AbortSignal): Promise<readonly OwnedStack[]> {
    signal.throwIfAborted();
    const stacks: OwnedStack[] = [];
    for (const stack of await list(this.#path)) {
      const notes = await this.#notesOf(stack);
      const revisions = notes.flatMap(({ revision }) => revision ?? []);
      if (notes.length === 0) continue;
      const branches = [...new Set(notes.map(({ branch }) => branch))];
      stacks.push({ stack, revisions: [...new Set(revisions)], branches, resources: notes.length });
    }
    return stacks;
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #look(stack: string, note: Note): Promise<ObservedResource> {
    const page = await read(`${this.#fileOf(stack, note.name)}.page`);
    const { id, target, name, revision } = note;
    const isEdited = page !== null && digestOf(page) !== note.digest;
    return {
      id,
      target,
      kind: 'page',
      name,
      revision,
      spec: note.spec,
      // Another hash than the description's: it is made anew.
      hash: isEdited ? 'edited' : note.hash,
      health: page === null ? { status: 'missing' } : { status: 'healthy' },
      fingerprint: `${note.hash} ${page === null ? '' : digestOf(page)}`,
      interrupted: false,
    };
  }

  async #notesOf(stack: string): Promise<readonly Note[]> {
    const files = (await list(join(this.#path, stack))).filter((file) => file.endsWith('.note'));
    const texts = await Promise.all(files.map((file) => read(join(this.#path, stack, file))));
    return texts.flatMap((text) => (text === null ? [] : [JSON.parse(text) as Note]));
  }

  #fileOf(stack: string, name: string): string {
    return join(this.#path, stack, encodeURIComponent(name));
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

async function read(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch(unlessMissing(null));
}

async function list(path: string): Promise<readonly string[]> {
  return readdir(path).catch(unlessMissing<string[]>([]));
}

function unlessMissing<T>(instead: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return instead;
    throw error;
  };
}
