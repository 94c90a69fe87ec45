import { errorMessage, isReconcilerError, ReconcilerError } from '../../base/errors.ts';
import { untilAborted } from '../../base/abort-scope.ts';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { PushedTags, Source } from '../../ports/source.ts';
import type { PendingTag } from '../../ports/store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DeploymentRecord } from './deployment-tag.ts';
import { nextTag, numberOf, parseTag, pendingOf, prefixOf, stackOf } from './deployment-tag.ts';
import { PushPace } from './push-pace.ts';

const TAG_ATTEMPTS = 3;
/** Commits whose subjects are remembered. */
const MAX_SUBJECTS = 1_000;

const NONE_PUSHED: PushedTags = { taken: [], refused: new Map() };

/** `null`: it has none, as later deployments have theirs. */
type TagMoved = (jobId: string, tag: string | null) => void;

export interface DeploymentsOptions {
  readonly source: Source;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly logger: Logger;
  /** Learns that the tag of a job had to get another name. */
  readonly onMoved: TagMoved;
}

/** Deployment tags: `deploy/<stack>/<n>`, annotated, on the deployed revision. */
export class Deployments {
  readonly #source: Source;
  readonly #clock: DeploymentsOptions['clock'];
  readonly #logger: Logger;
  readonly #latest = new Map<string, DeploymentRecord | null>();
  /** First lines of the messages of commits; many stacks were deployed from the same one. */
  readonly #subjects = new Map<string, string>();
  /** Tags that wait to be pushed, and what they say, by name; `null`: an earlier process made it. */
  readonly #unpushed = new Map<string, PendingTag | null>();
  /** Stacks with deployments that have no tag yet, and why they have none. */
  readonly #untagged = new Map<string, string | null>();
  #expected = Promise.withResolvers<void>();
  /** Runs work on the tags of one stack at a time. */
  readonly oneAtATime = createKeyedMutex();
  #pushError: string | null = null;
  /** True where somebody pushes in the background what does not go at once. */
  #isPaced = false;
  readonly #pace = new PushPace();
  #pushing: Promise<boolean> | null = null;
  #nextPush: Promise<boolean> | null = null;
  #waiting = Promise.withResolvers<void>();
  /** Stacks of which tags were pushed since somebody asked. */
  readonly #pushed = new Set<string>();

  readonly #onMoved: TagMoved;

  constructor({ source, clock, logger, onMoved }: DeploymentsOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#logger = logger;
    this.#onMoved = onMoved;
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

  #prefixOf(stack: string): string {
    return prefixOf(stack, this.#source.root);
  }

  /** Oldest first. */
  async history(stack: string): Promise<DeploymentRecord[]> {
    const tags = await this.#source.tags(this.#prefixOf(stack));
    const records = tags.map((tag) => parseTag(stack, tag)).filter((record) => record !== null);
    return records.sort((a, b) => a.number - b.number);
  }

  async latest(stack: string): Promise<DeploymentRecord | null> {
    const known = this.#latest.get(stack);
    if (known !== undefined) return known;
    const last = (await this.history(stack)).at(-1) ?? null;
    const latest = last === null ? null : await this.#withSubject(last);
    // A deployment may have been tagged meanwhile.
    const newer = this.#latest.get(stack);
    if (newer !== undefined) return newer;
    this.#latest.set(stack, latest);
    return latest;
  }

  async #withSubject(record: DeploymentRecord): Promise<DeploymentRecord> {
    const { revision } = record;
    try {
      const subject = this.#subjects.get(revision) ?? (await this.#source.lookup(revision)).subject;
      if (this.#subjects.size >= MAX_SUBJECTS) this.#subjects.clear();
      this.#subjects.set(revision, subject);
      return { ...record, subject };
    } catch (error) {
      // The tag is all that is needed; a branch may have lost the commit since.
      if (isReconcilerError(error)) return record;
      throw error;
    }
  }

  /** Returns what `latest` has read so far. */
  knownLatest(stack: string): DeploymentRecord | null {
    return this.#latest.get(stack) ?? null;
  }

  /** The stack is gone: what was read of it is read again should it come back. */
  forget(stack: string): void {
    this.#latest.delete(stack);
  }

  /**
   * Tags the revision and pushes, at once or with those that come after it; a push that fails is retried with `pushPending` and fails nothing. One that
   * is tagged already stays so.
   */
  async record(stack: string, deployment: PendingTag, signal: AbortSignal): Promise<DeploymentRecord> {
    const name = await this.#tagNext(stack, deployment);
    const record = await this.#readBack(stack, name);
    if (!this.#source.hasRemote) return record;
    this.#unpushed.set(name, deployment);
    this.#waiting.resolve();
    if (this.#isPaced && (this.#pushing !== null || this.pushWait() > 0)) return record;
    await this.pushPending(signal);
    // It has another name where the remote had a tag of that one.
    const latest = this.knownLatest(stack);
    return latest?.jobId === deployment.jobId ? latest : record;
  }

  async #readBack(stack: string, name: string): Promise<DeploymentRecord> {
    const found = await this.#find(stack, name);
    if (found === null) throw new Error(`internal: tag ${name} cannot be read back`);
    const record = await this.#withSubject(found);
    this.#latest.set(stack, record);
    return record;
  }

  async #find(stack: string, name: string): Promise<DeploymentRecord | null> {
    const tag = (await this.#source.tags(name)).find((candidate) => candidate.name === name);
    return tag === undefined ? null : parseTag(stack, tag);
  }

  /** Somebody else may have tagged since the newest deployment was read, or may use such names for something else: then all are read. */
  async #tagNext(stack: string, { revision: commit, jobId, title, text }: PendingTag): Promise<string> {
    let taken: readonly string[] = [];
    for (let attempt = 1; ; attempt += 1) {
      const latest = await this.latest(stack);
      if (latest?.jobId === jobId) return latest.tag;
      const { name, number } = nextTag(stack, latest, taken, this.#source.root);
      try {
        await this.#source.tag({ name, commit, message: `${title} #${number}\n${text}` });
        return name;
      } catch (error) {
        if (!isReconcilerError(error, 'WRITE_CONFLICT') || attempt === TAG_ATTEMPTS) throw error;
        this.#latest.delete(stack);
        taken = (await this.#source.tags(this.#prefixOf(stack))).map((tag) => tag.name);
      }
    }
  }

  /** Tags that an earlier life of the daemon may not have pushed. */
  remember(names: readonly string[]): void {
    if (!this.#source.hasRemote) return;
    for (const name of names) if (!this.#unpushed.has(name)) this.#unpushed.set(name, null);
    if (this.#unpushed.size > 0) this.#waiting.resolve();
  }

  /** Leaves tags that come in quick succession to who pushes in the background, from now on. */
  leaveToOthers(): void {
    this.#isPaced = true;
  }

  /** Resolves as soon as some tag is to be pushed. */
  async untilUnpushed(signal: AbortSignal): Promise<void> {
    if (this.#unpushed.size > 0) return;
    this.#waiting = Promise.withResolvers();
    await untilAborted(this.#waiting.promise, signal);
  }

  /** Returns how long the next push is to wait for more tags, in milliseconds. */
  pushWait(): number {
    return this.#pace.wait(this.#clock.elapsed());
  }

  /** Returns the stacks of which tags were pushed since the last call. */
  takePushed(): readonly string[] {
    const stacks = [...this.#pushed];
    this.#pushed.clear();
    return stacks;
  }

  /** Names of all tags that are to be pushed. */
  unpushed(): readonly string[] {
    return [...this.#unpushed.keys()];
  }

  /** Names of the stack's tags that are to be pushed. */
  unpushedOf(stack: string): readonly string[] {
    return [...this.#unpushed.keys()].filter((name) => name.startsWith(this.#prefixOf(stack))).sort();
  }

  /**
   * Pushes what waits. One push at a time: those who ask while one is under way share the next.
   *
   * @returns whether nothing is left to push
   */
  pushPending(signal: AbortSignal): Promise<boolean> {
    if (this.#pushing === null) {
      this.#pushing = this.#pushAll(signal).finally(() => {
        this.#pushing = null;
      });
      return this.#pushing;
    }
    this.#nextPush ??= this.#pushing.then(() => {
      this.#nextPush = null;
      return this.pushPending(signal);
    });
    return this.#nextPush;
  }

  async #pushAll(signal: AbortSignal): Promise<boolean> {
    if (this.#unpushed.size === 0) return true;
    this.#pace.pushed(this.#clock.elapsed());
    try {
      for (let attempt = 1; ; attempt += 1) {
        await this.#readWaiting();
        await this.#moveOn(await this.#findLost());
        const { taken, refused } = await this.#push(signal);
        const [name, reason] = [...refused][0] ?? [];
        if (taken.length === 0 && name !== undefined)
          throw new ReconcilerError('GIT_ERROR', `the remote refuses ${name}: ${reason}`);
        if (taken.length === 0) break;
        if (attempt === TAG_ATTEMPTS)
          throw new ReconcilerError('WRITE_CONFLICT', `the remote has another ${taken.join(', another ')}`);
        // Brings what stands there, so that ours are seen to be lost.
        await this.#source.resolve(signal);
      }
      this.#pushError = null;
      return this.#unpushed.size === 0;
    } catch (error) {
      this.#pushError = errorMessage(error);
      const tags = this.#unpushed.size;
      this.#logger.warn({ tags, error: this.#pushError }, 'deployment tags could not be pushed');
      return false;
    }
  }

  /** Pushes all that wait. What the remote has taken waits no longer, whatever becomes of the others. */
  async #push(signal: AbortSignal): Promise<PushedTags> {
    const names = [...this.#unpushed.keys()].sort();
    const pushed = names.length === 0 ? NONE_PUSHED : await this.#source.pushTags(names, signal);
    const left = new Set([...pushed.taken, ...pushed.refused.keys()]);
    for (const name of names) {
      if (left.has(name)) continue;
      this.#unpushed.delete(name);
      this.#pushed.add(stackOf(name));
    }
    return pushed;
  }

  async #readWaiting(): Promise<void> {
    for (const [name, deployment] of this.#unpushed) {
      if (deployment !== null) continue;
      const tag = (await this.#source.tags(name)).find((candidate) => candidate.name === name);
      const pending = tag === undefined ? null : pendingOf(tag);
      if (pending === null) this.#unpushed.delete(name);
      else this.#unpushed.set(name, pending);
    }
  }

  /** Finds tags that wait, and whose place another one has taken since: the remote's, with a fetch. */
  async #findLost(): Promise<ReadonlyMap<string, PendingTag>> {
    const lost = new Map<string, PendingTag>();
    for (const [name, deployment] of this.#unpushed) {
      if (deployment === null) continue;
      const there = await this.#find(stackOf(name), name);
      if (there?.jobId !== deployment.jobId) lost.set(name, deployment);
    }
    return lost;
  }

  /** The newest deployment of a stack gets the next number. An older one would look newer than those after it: it stays without. */
  async #moveOn(lost: ReadonlyMap<string, PendingTag>): Promise<void> {
    for (const [name, deployment] of lost) {
      const stack = stackOf(name);
      this.#unpushed.delete(name);
      this.#latest.delete(stack);
      const isNewest = this.unpushedOf(stack).every((other) => numberOf(other) < numberOf(name));
      const next = isNewest ? await this.#tagNext(stack, deployment) : null;
      if (next !== null) {
        await this.#readBack(stack, next);
        this.#unpushed.set(next, deployment);
      }
      this.#logger.warn({ tag: name, now: next }, 'the remote has another deployment tag of this name');
      this.#onMoved(deployment.jobId, next);
    }
  }
}
