import { stackDigest } from '../../model/stack.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import type { DeploymentTag } from '../../ports/source.ts';
import type { PendingTag } from '../../ports/store.ts';
import type { Deployment } from '../../public/views.ts';

/*
 * The deployment tag `deploy/<stack>/<n>`: its name, its text, and how both are read back. Tags of releases: model/release-tag.ts.
 */

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

const EMPTY_STACK_DIGEST = stackDigest([]);

/** Name of the tag after the newest one, `null` when there is none yet: deployments of a stack are numbered from 1. */
export function nextTag(
  stack: string,
  latest: DeploymentRecord | null,
): { readonly name: string; readonly number: number } {
  const number = (latest?.number ?? 0) + 1;
  return { name: `${prefixOf(stack)}${number}`, number };
}

/** `deploy/<stack>/`: what the names of a stack's deployment tags begin with. */
export function prefixOf(stack: string): string {
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
