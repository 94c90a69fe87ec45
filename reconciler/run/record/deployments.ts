import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { stackDigest } from '../../model/stack.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import { untilAborted } from '../../base/abort-scope.ts';
import { createKeyedMutex } from '../../base/mutex.ts';
import type { DeploymentTag, Source } from '../../ports/source.ts';
import type { PendingTag } from '../../ports/store.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Deployment } from '../../public/views.ts';

/** A deployment as its tag tells it, with what the plan of it put on the targets. */
export interface DeploymentRecord extends Deployment {
  /** `stackDigest` that was deployed; `null` when the tag does not say. */
  readonly desired: string | null;
  /** File that described the stack. */
  readonly file: string | null;
  readonly trigger: string | null;
  readonly durationMs: number | null;
  /** True when it put nothing on the targets: the stack was destroyed. */
  readonly isRemoval: boolean;
}

export interface NewDeployment {
  readonly plan: Plan;
  readonly revision: string;
  readonly jobId: string;
  /** Person who asked, else the author of the commit. */
  readonly author: string | null;
  readonly file: string | null;
  readonly trigger: string;
  /** `null` when nobody knows when it began. */
  readonly durationMs: number | null;
  /** ISO 8601. */
  readonly time: string;
}

const TAG_ATTEMPTS = 3;
const EMPTY_STACK_DIGEST = stackDigest([]);

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
      const number = (latest?.number ?? 0) + 1;
      const name = `${prefixOf(stack)}${number}`;
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

function prefixOf(stack: string): string {
  return `deploy/${stack}/`;
}

/** Says what the tag tells: a line for people, then the changes, then `Key: value` lines that `parseTag` reads. */
export function describeDeployment(deployment: NewDeployment): PendingTag {
  const { plan, revision, jobId, author, file, trigger, durationMs, time } = deployment;
  const lines = [
    '',
    formatSummary(plan.summary),
    '',
    ...plan.changes.filter((change) => change.action !== 'no-op').map(formatChange),
    '',
    `Stack: ${plan.stack}`,
    `Revision: ${revision}`,
    `Job: ${jobId}`,
    `Desired: ${plan.desired}`,
  ];
  // A name could otherwise bring lines of its own.
  if (author !== null) lines.push(`Author: ${author.replaceAll(/\s+/g, ' ')}`);
  if (file !== null) lines.push(`File: ${file}`);
  lines.push(`Trigger: ${trigger}`);
  if (durationMs !== null) lines.push(`Duration: ${durationMs / 1_000} s`);
  const title = `${plan.mode === 'destroy' ? 'Remove' : 'Deploy'} ${plan.stack}`;
  return { revision, jobId, desired: plan.desired, time, title, text: `${lines.join('\n')}\n` };
}

function formatChange(change: Change): string {
  return `  ${change.action} ${change.id}: ${change.cause}`;
}

/** Tells of a deployment that has no tag yet; its number and name are not to be shown. */
export function readPending(
  stack: string,
  { revision, time, title, text }: PendingTag,
): DeploymentRecord | null {
  return parseTag(stack, {
    name: `${prefixOf(stack)}1`,
    commit: revision,
    message: `${title} #1\n${text}`,
    time,
  });
}

/** `null` for tags of that prefix which somebody else made. */
export function parseTag(stack: string, tag: DeploymentTag): DeploymentRecord | null {
  const number = Number(tag.name.slice(prefixOf(stack).length));
  if (!Number.isSafeInteger(number) || number < 1) return null;
  const read = (key: string) => new RegExp(`^${key}: (.+)$`, 'm').exec(tag.message)?.[1]?.trim() ?? null;
  const desired = read('Desired');
  return {
    number,
    tag: tag.name,
    revision: tag.commit,
    time: tag.time,
    author: read('Author'),
    jobId: read('Job'),
    summary: /^Plan: .+$/m.exec(tag.message)?.[0] ?? tag.message.split('\n', 1)[0] ?? '',
    desired,
    file: read('File'),
    trigger: read('Trigger'),
    durationMs: readDuration(read('Duration')),
    isRemoval: desired === EMPTY_STACK_DIGEST,
  };
}

function readDuration(text: string | null): number | null {
  const seconds = /^(\d+(?:\.\d+)?) s$/.exec(text ?? '')?.[1];
  return seconds === undefined ? null : Math.round(Number(seconds) * 1_000);
}
