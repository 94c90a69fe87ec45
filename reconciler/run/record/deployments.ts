import { errorMessage, isReconcilerError } from '../../base/errors.ts';
import { stackDigest } from '../../model/stack.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { DeploymentTag, Source } from '../../ports/source.ts';
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
}

const TAG_ATTEMPTS = 3;
const EMPTY_STACK_DIGEST = stackDigest([]);

/** Deployment tags: `deploy/<stack>/<n>`, annotated, on the deployed revision. */
export class Deployments {
  readonly #source: Source;
  readonly #logger: Logger;
  readonly #latest = new Map<string, DeploymentRecord | null>();
  readonly #unpushed = new Set<string>();
  #pushError: string | null = null;

  constructor(source: Source, logger: Logger) {
    this.#source = source;
    this.#logger = logger;
  }

  /** Reason why tags wait to be pushed, `null` when none do. */
  get pushError(): string | null {
    return this.#unpushed.size === 0 ? null : this.#pushError;
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

  /** Tags the revision and pushes; a push that fails is retried with `pushPending` and fails nothing. */
  async record(deployment: NewDeployment, signal: AbortSignal): Promise<DeploymentRecord> {
    const { plan } = deployment;
    const name = await this.#tagNext(deployment);
    const [tag] = (await this.#source.tags(name)).filter((candidate) => candidate.name === name);
    const record = tag === undefined ? null : parseTag(plan.stack, tag);
    if (record === null) throw new Error(`internal: tag ${name} cannot be read back`);
    this.#latest.set(plan.stack, record);
    if (this.#source.hasRemote) {
      this.#unpushed.add(name);
      await this.pushPending(signal);
    }
    return record;
  }

  /** Somebody else may have tagged since the newest deployment was read: then it is read again. */
  async #tagNext(deployment: NewDeployment): Promise<string> {
    const { plan, revision: commit } = deployment;
    for (let attempt = 1; ; attempt += 1) {
      const number = ((await this.latest(plan.stack))?.number ?? 0) + 1;
      const name = `${prefixOf(plan.stack)}${number}`;
      try {
        await this.#source.tag({ name, commit, message: formatTagMessage(number, deployment) });
        return name;
      } catch (error) {
        if (!isReconcilerError(error, 'WRITE_CONFLICT') || attempt === TAG_ATTEMPTS) throw error;
        this.#latest.delete(plan.stack);
      }
    }
  }

  /** Tags that an earlier life of the daemon may not have pushed. */
  remember(names: readonly string[]): void {
    if (!this.#source.hasRemote) return;
    for (const name of names) this.#unpushed.add(name);
  }

  pending(): readonly string[] {
    return [...this.#unpushed].sort();
  }

  /** @returns whether nothing is left to push */
  async pushPending(signal: AbortSignal): Promise<boolean> {
    if (this.#unpushed.size === 0) return true;
    const names = this.pending();
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

/** First line for people, then `Key: value` lines that `parseTag` reads, then the changes. */
export function formatTagMessage(number: number, deployment: NewDeployment): string {
  const { plan, revision, jobId, author, file, trigger, durationMs } = deployment;
  const lines = [
    `${plan.mode === 'destroy' ? 'Remove' : 'Deploy'} ${plan.stack} #${number}`,
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
  return `${lines.join('\n')}\n`;
}

function formatChange(change: Change): string {
  return `  ${change.action} ${change.id}: ${change.cause}`;
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
