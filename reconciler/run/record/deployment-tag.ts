import { ReconcilerError } from '../../base/errors.ts';
import { formatRefFolder } from '../../model/git/source-root.ts';
import { stackDigest } from '../../model/stack.ts';
import { formatSummary } from '../../plan/format-plan.ts';
import type { Change, Plan } from '../../plan/plan.ts';
import type { DeploymentTag } from '../../ports/source.ts';
import type { PendingTag } from '../../ports/store.ts';
import type { Deployment } from '../../public/views.ts';

/*
 * The deployment tag `deploy/<stack>/<n>` (`deploy/@<root>/<stack>/<n>` where a root is read): its name, its text, and how both are read back. Tags of releases: model/release-tag.ts.
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

/** Nobody deploys as often; numbers that are larger are somebody else's. */
const MAX_NUMBER = 1_000_000_000;
const EMPTY_STACK_DIGEST = stackDigest([]);

/**
 * Name of the tag after the newest one, `null` when there is none yet: deployments of a stack are numbered from 1. Numbers that somebody has used
 * for tags of their own are left out.
 *
 * @param taken names of tags
 * @param root of the source
 * @throws GIT_ERROR when somebody's tag has used up the numbers
 */
export function nextTag(
  stack: string,
  latest: DeploymentRecord | null,
  taken: readonly string[],
  root = '',
): { readonly name: string; readonly number: number } {
  const prefix = prefixOf(stack, root);
  // A tag `deploy/web/7/old` leaves no room for `deploy/web/7`.
  const used = new Set(taken.map((name) => name.slice(prefix.length).split('/', 1)[0]));
  let number = (latest?.number ?? 0) + 1;
  while (number <= MAX_NUMBER && used.has(String(number))) number += 1;
  if (number > MAX_NUMBER) {
    const message = `${prefix}${MAX_NUMBER} leaves no number for the next deployment of ${stack}: delete that tag`;
    throw new ReconcilerError('GIT_ERROR', message);
  }
  return { name: `${prefix}${number}`, number };
}

/** `deploy/<stack>/`, with a root `deploy/@<root>/<stack>/`: what the names of a stack's deployment tags begin with. */
export function prefixOf(stack: string, root = ''): string {
  return `deploy/${formatRefFolder(root)}${stack}/`;
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

/** Tells whether a tag is of a deployment from another directory of the repository. */
export function isOfOtherRoot(tag: string, root: string): boolean {
  const [kind, folder = ''] = tag.split('/');
  return kind === 'deploy' && formatRefFolder(root) !== (folder.startsWith('@') ? `${folder}/` : '');
}

/** Returns the stack that a deployment tag is of. */
export function stackOf(tag: string): string {
  return tag.slice('deploy/'.length, tag.lastIndexOf('/')).replace(/^@[^/]*\//, '');
}

/** Returns the number of a deployment tag; not a whole one from 1 where somebody else made it. */
export function numberOf(tag: string): number {
  return Number(tag.slice(tag.lastIndexOf('/') + 1));
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

/** Returns what a tag was made from; `null`: somebody else made it. */
export function pendingOf(tag: DeploymentTag): PendingTag | null {
  const record = parseTag(stackOf(tag.name), tag);
  const found = /^(.*) #\d+\n([^]*)$/.exec(tag.message);
  if (record === null || record.jobId === null || found === null) return null;
  const [, title = '', text = ''] = found;
  const { revision, jobId, desired, time } = record;
  return { revision, jobId, desired: desired ?? '', time, title, text: `${text}\n` };
}

/** `null` for tags of that prefix which somebody else made. */
export function parseTag(stack: string, tag: DeploymentTag): DeploymentRecord | null {
  if (stackOf(tag.name) !== stack) return null;
  const number = numberOf(tag.name);
  if (!Number.isSafeInteger(number) || number < 1 || number > MAX_NUMBER) return null;
  const read = (key: string) => new RegExp(`^${key}: (.+)$`, 'm').exec(tag.message)?.[1]?.trim() ?? null;
  const [desired, jobId] = [read('Desired'), read('Job')];
  if (jobId === null) return null;
  return {
    number,
    tag: tag.name,
    revision: tag.commit,
    time: tag.time,
    author: read('Author'),
    jobId,
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
