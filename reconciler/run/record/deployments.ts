import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { untilAborted } from '../../base/abort-scope.ts';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { Source } from '../../ports/source.ts';
import type { PendingTag } from '../../ports/store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { DeploymentRecord } from './deployment-tag.ts';
import { nextTag, parseTag, prefixOf } from './deployment-tag.ts';

const TAG_ATTEMPTS = 3;

/** Deployment tags: `deploy/<stack>/<n>`, annotated, on the deployed revision. */
export class Deployments {
  readonly #source: Source;
  readonly #logger: Logger;
  readonly #latest = new Map<string, DeploymentRecord | null>();
  readonly #unpushed = new Set<string>();
  /** Stacks with deployments that have no tag yet, and why they have none. */
  readonly #untagged = new Map<string, string | null>();
  #expected = Promise.withResolvers<void>();
  /** Runs work on the tags of one stack at a time. */
  readonly oneAtATime = createKeyedMutex();
  #pushError: string | null = null;

  constructor(source: Source, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
  }

  /** Reason why tags wait to be pushed, `null` when none do. */
  get pushError(): string | null {
    return this.#unpushed.size === 0 ? null : this.#pushError;
  }

  /** Some deployment of the stack is to be tagged. */
  expect(stack: string): void {
    if (!this.#untagged.has(stack)) this.#untagged.set(stack, null);
    this.#expected.resolve();
  }

  /** Resolves as soon as some deployment is to be tagged. */
  async untilExpected(signal: AbortSignal): Promise<void> {
    if (this.#untagged.size > 0) return;
    this.#expected = Promise.withResolvers();
    await untilAborted(this.#expected.promise, signal);
  }

  /** Lists the stacks with deployments that have no tag yet. */
  expected(): readonly string[] {
    return [...this.#untagged.keys()];
  }

  settled(stack: string): void {
    this.#untagged.delete(stack);
  }

  /** @returns whether it is another reason than before */
  failed(stack: string, reason: string): boolean {
    const isNew = this.#untagged.get(stack) !== reason;
    this.#untagged.set(stack, reason);
    return isNew;
  }

  /** Reason why a deployment of the stack has no tag, `null` while there is none. */
  whyUntagged(stack: string): string | null {
    return this.#untagged.get(stack) ?? null;
  }

  /** Reason why a deployment has no tag, or its tag is not pushed; `null` when all stand. */
  get tagError(): string | null {
    const [untagged] = [...this.#untagged.values()].filter((reason) => reason !== null);
    return untagged ?? this.pushError;
  }

  /** Oldest first. */
  async history(stack: string): Promise<DeploymentRecord[]> {
    const tags = await this.#source.tags(prefixOf(stack));
    const records = tags.map((tag) => parseTag(stack, tag)).filter((record) => record !== null);
    return records.sort((a, b) => a.number - b.number);
  }

  async latest(stack: string): Promise<DeploymentRecord | null> {
    const known = this.#latest.get(stack);
    if (known !== undefined) return known;
    const latest = (await this.history(stack)).at(-1) ?? null;
    this.#latest.set(stack, latest);
    return latest;
  }

  /** Returns what `latest` has read so far. */
  knownLatest(stack: string): DeploymentRecord | null {
    return this.#latest.get(stack) ?? null;
  }

  /** The stack is gone: what was read of it is read again should it come back. */
  forget(stack: string): void {
    this.#latest.delete(stack);
  }

  /** Tags the revision and pushes; a push that fails is retried with `pushPending` and fails nothing. One that is tagged already stays so. */
  async record(stack: string, deployment: PendingTag, signal: AbortSignal): Promise<DeploymentRecord> {
    const name = await this.#tagNext(stack, deployment);
    const [tag] = (await this.#source.tags(name)).filter((candidate) => candidate.name === name);
    const record = tag === undefined ? null : parseTag(stack, tag);
    if (record === null) throw new Error(`internal: tag ${name} cannot be read back`);
    this.#latest.set(stack, record);
    if (this.#source.hasRemote) {
      this.#unpushed.add(name);
      await this.pushPending(signal);
    }
    return record;
  }

  /** Somebody else may have tagged since the newest deployment was read: then it is read again. */
  async #tagNext(stack: string, { revision: commit, jobId, title, text }: PendingTag): Promise<string> {
    for (let attempt = 1; ; attempt += 1) {
      const latest = await this.latest(stack);
      if (latest?.jobId === jobId) return latest.tag;
      const { name, number } = nextTag(stack, latest);
      try {
        await this.#source.tag({ name, commit, message: `${title} #${number}\n${text}` });
        return name;
      } catch (error) {
        if (!isReconcilerError(error, 'WRITE_CONFLICT') || attempt === TAG_ATTEMPTS) throw error;
        this.#latest.delete(stack);
      }
    }
  }

  /** Tags that an earlier life of the daemon may not have pushed. */
  remember(names: readonly string[]): void {
    if (!this.#source.hasRemote) return;
    for (const name of names) this.#unpushed.add(name);
  }

  /** Names of the stack's tags that are to be pushed. */
  unpushedOf(stack: string): readonly string[] {
    return [...this.#unpushed].filter((name) => name.startsWith(prefixOf(stack))).sort();
  }

  /** @returns whether nothing is left to push */
  async pushPending(signal: AbortSignal): Promise<boolean> {
    if (this.#unpushed.size === 0) return true;
    const names = [...this.#unpushed].sort();
    try {
      await this.#source.pushTags(names, signal);
      for (const name of names) this.#unpushed.delete(name);
      return true;
    } catch (error) {
      this.#pushError = errorMessage(error);
      this.#logger.warn(
        { tags: names.length, error: this.#pushError },
        'deployment tags could not be pushed',
      );
      return false;
    }
  }
}
