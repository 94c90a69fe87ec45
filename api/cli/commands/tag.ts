import type { Command } from 'commander';
import type { Release } from '../../../reconciler/index.ts';
import { formatRelease, isReconcilerError, readRelease } from '../../../reconciler/index.ts';
import { TAG_HEADER, toTagRow } from '../../text/tags.ts';
import { EXIT, RemoteError, UsageError } from '../terminal/failure.ts';
import type { Invocation } from '../invocation.ts';
import { askYes, present, remark } from '../invocation.ts';
import type { Session } from '../session/session.ts';
import { showRows, showTime } from '../terminal/rows.ts';
import { applyStack } from './apply.ts';
import type { ProgramHooks } from '../program-hooks.ts';
import { on } from '../program-hooks.ts';

/** Tag as it is written on the command line. */
export interface TagPlace {
  readonly service?: string;
  readonly env?: string;
  /** Named so because `version` is the option that prints the program's own. */
  readonly release?: string;
}

export interface TagOptions extends TagPlace {
  readonly commit?: string;
  readonly message?: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Deploys in this process, for repositories without a daemon. */
  readonly apply: boolean;
  readonly yes: boolean;
}

/** `tag`: release tags, and what they deploy. */
export function addTags(program: Command, hooks: ProgramHooks): void {
  const tag = program
    .command('tag')
    .description('release tags <service>-v<X.Y.Z>-<environment>, and what they deploy');
  for (const [name, description, run] of ACTIONS) {
    const command = withPlace(tag.command(name).description(description))
      .option('-c, --commit <commit>', 'a commit, branch or tag (default: the newest commit of the branch)')
      .option('-m, --message <text>', 'message of the tag')
      .option('-f, --force', 'move a tag that is there; no question about production')
      .option('-d, --dry-run', 'only say what would be done')
      .option('--apply', 'deploy at once, where no daemon does')
      .option('--yes', 'do not ask about production');
    command.action(on(hooks, (invocation, flags: Flags) => run(invocation, toOptions(flags))));
  }
  tag
    .command('list')
    .description('list the tags of both schemes')
    .argument('[service]')
    .action(
      on(hooks, (invocation, _options, service: string | undefined) => runTagList(invocation, service)),
    );
  withPlace(tag.command('status').description('tell whether what a tag says is deployed'))
    .argument('[service]')
    .argument('[version]')
    .argument('[environment]')
    .action(
      on(hooks, (invocation: Invocation, flags: Flags, ...words: (string | undefined)[]) => {
        const [service, release, env] = words;
        const written = {
          service: flags.service ?? service,
          release: flags.release ?? release,
          env: flags.env ?? env,
        };
        return runTagStatus(invocation, withoutUndefined(written));
      }),
    );
}

type Flags = Partial<TagOptions> & TagPlace;

const ACTIONS = [
  ['create', 'put the tag <service>-v<X.Y.Z>-<environment> on a commit, and push it', runTagCreate],
  ['deploy', 'deploy a stack as it is at a tag, which is made where there is none', runTagDeploy],
  ['move', 'put a tag on another commit; deploys nothing', runTagMove],
  ['delete', 'delete a tag; what runs stays', runTagDelete],
  ['rollback', 'deploy a stack as it is at an older tag', runTagRollback],
] as const;

function withPlace(command: Command): Command {
  return command
    .option('-s, --service <name>', 'a stack, or a service that one stack only has')
    .option('-e, --env <environment>', 'dev, staging or prod')
    .option('-v, --release <version>', 'such as 1.2.3');
}

function toOptions(flags: Flags): TagOptions {
  const { force, dryRun, apply, yes, ...rest } = flags;
  return {
    ...rest,
    force: force === true,
    dryRun: dryRun === true,
    apply: apply === true,
    yes: yes === true,
  };
}

function withoutUndefined(place: { [K in keyof TagPlace]: TagPlace[K] | undefined }): TagPlace {
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined));
}

async function runTagList(invocation: Invocation, service: string | undefined): Promise<number> {
  await using session = await invocation.openSession('read', 'tag list');
  const all = await session.listTags(invocation.interrupt.signal);
  const tags = service === undefined ? all : all.filter(({ subject }) => subject === service);
  present(invocation, { tags }, () => {
    const rows = tags.map((tag) => toTagRow({ ...tag, time: showTime(invocation, tag.time) }));
    const isEmpty = rows.length === 0 && invocation.terminal.isTerminal;
    return isEmpty ? 'There are no deployment tags.' : showRows(invocation, TAG_HEADER, rows);
  });
  return EXIT.ok;
}

async function runTagCreate(invocation: Invocation, options: TagOptions): Promise<number> {
  const release = releaseOf(options);
  if (options.dryRun) return pretend(invocation, release, 'would be created');
  await using session = await invocation.openSession('read', 'tag create');
  const tag = await create(invocation, session, { release, options });
  present(invocation, tag, () => `${invocation.style.good('✓')} ${tag.name} on ${tag.commit.slice(0, 10)}`);
  return EXIT.ok;
}

async function runTagMove(invocation: Invocation, options: TagOptions): Promise<number> {
  const release = releaseOf(options);
  const { commit } = options;
  if (commit === undefined) throw new UsageError('where to?', 'name the commit with --commit');
  if (options.dryRun) return pretend(invocation, release, `would be moved to ${commit}`);
  await using session = await invocation.openSession('read', 'tag move');
  const tag = await session.moveTag(release, commit, invocation.interrupt.signal);
  present(
    invocation,
    tag,
    () => `${invocation.style.good('✓')} ${tag.name} moved to ${tag.commit.slice(0, 10)}`,
  );
  return EXIT.ok;
}

/** A tag that is not there is a warning only. */
async function runTagDelete(invocation: Invocation, options: TagOptions): Promise<number> {
  const release = releaseOf(options);
  if (options.dryRun) return pretend(invocation, release, 'would be deleted');
  if (!(await consent(invocation, release, { ...options, doing: 'Delete' }))) return EXIT.failed;
  await using session = await invocation.openSession('read', 'tag delete');
  const name = formatRelease(release);
  try {
    const tag = await session.deleteTag(release, invocation.interrupt.signal);
    present(
      invocation,
      tag,
      () => `${invocation.style.good('✓')} ${name} deleted; it was on ${tag.commit.slice(0, 10)}`,
    );
  } catch (error) {
    if (!isUnknownTag(error)) throw error;
    present(invocation, { name, deleted: false }, () => '');
    remark(invocation, `there is no tag ${name}`);
  }
  return EXIT.ok;
}

/** Makes the tag where there is none, and deploys the stack as it is at that tag. */
async function runTagDeploy(invocation: Invocation, options: TagOptions): Promise<number> {
  const release = releaseOf(options);
  if (options.dryRun) return pretend(invocation, release, 'would be deployed');
  if (!(await consent(invocation, release, { ...options, doing: 'Deploy' }))) return EXIT.failed;
  const applies = options.apply && invocation.options.server === undefined;
  await using session = await invocation.openSession(applies ? 'apply' : 'read', 'tag deploy');
  try {
    if (options.force || options.commit !== undefined || options.message !== undefined)
      await create(invocation, session, { release, options });
    return await deploy(invocation, session, { release, applies });
  } catch (error) {
    if (!isUnknownTag(error)) throw error;
    await create(invocation, session, { release, options });
    return await deploy(invocation, session, { release, applies });
  }
}

/** Deploys the stack as it is at a tag that is there. */
async function runTagRollback(invocation: Invocation, options: TagOptions): Promise<number> {
  const release = releaseOf(options);
  if (options.dryRun) return pretend(invocation, release, 'would be deployed again');
  if (!(await consent(invocation, release, { ...options, doing: 'Roll back to' }))) return EXIT.failed;
  const applies = options.apply && invocation.options.server === undefined;
  await using session = await invocation.openSession(applies ? 'apply' : 'read', 'tag rollback');
  return await deploy(invocation, session, { release, applies });
}

/** Ends with 1 when something else is deployed. */
async function runTagStatus(invocation: Invocation, place: TagPlace): Promise<number> {
  const release = releaseOf(place);
  await using session = await invocation.openSession('read', 'tag status');
  const status = await session.tagStatus(release, invocation.interrupt.signal);
  present(invocation, status, () => {
    const { style } = invocation;
    const { tag, stack, deployed, deployment, differs } = status;
    const what =
      deployment === null ? `${stack} was never deployed` : `the newest deployment is ${deployment}`;
    const mark = deployed ? style.good('✓') : style.warn('■');
    const lines = [
      `${mark} ${tag.name} on ${tag.commit.slice(0, 10)}: ${deployed ? 'deployed' : 'not deployed'}; ${what}`,
    ];
    const how = deployed ? 'changes nothing of what runs' : 'differs';
    return [...lines, ...differs.map((path) => `  ${how}: ${path}`)].join('\n');
  });
  return status.deployed ? EXIT.ok : EXIT.failed;
}

function releaseOf({ service, env, release }: TagPlace): Release {
  const missing = [
    ...(service === undefined ? ['--service'] : []),
    ...(env === undefined ? ['--env'] : []),
    ...(release === undefined ? ['--release'] : []),
  ];
  if (service === undefined || env === undefined || release === undefined)
    throw new UsageError(
      `a tag is named by service, environment and version: ${missing.join(', ')} is missing`,
    );
  return readRelease({ service, environment: env, version: release });
}

function create(
  { interrupt }: Invocation,
  session: Session,
  { release, options }: { readonly release: Release; readonly options: TagOptions },
) {
  const { commit, message, force } = options;
  const more = { ...(commit === undefined ? {} : { commit }), ...(message === undefined ? {} : { message }) };
  return session.createTag({ release, force, ...more }, interrupt.signal);
}

async function deploy(
  invocation: Invocation,
  session: Session,
  { release, applies }: { readonly release: Release; readonly applies: boolean },
): Promise<number> {
  const { style, options, interrupt } = invocation;
  const result = await session.deployTag(release, interrupt.signal);
  const { tag, stack, commit, jobId } = result;
  if (jobId !== null) {
    const { job } = await session.followJob(jobId, () => undefined, interrupt.signal);
    const ok = job.status === 'completed';
    present(invocation, { ok, ...result, job }, () =>
      ok
        ? `${style.good('✓')} ${stack} is as it is at ${tag}`
        : `${style.bad('✗')} ${stack}: ${job.error?.message ?? job.status}`,
    );
    return ok ? EXIT.ok : EXIT.failed;
  }
  const done = `${style.good('✓')} the files of ${stack} are as at ${tag}: commit ${commit?.slice(0, 10) ?? ''}`;
  if (applies) {
    remark(invocation, done);
    return await applyStack(session, stack, invocation);
  }
  present(invocation, result, () => done);
  if (options.server === undefined)
    remark(
      invocation,
      `a running daemon applies it now; without one: kombinator apply --stack ${stack}, or --apply`,
    );
  return EXIT.ok;
}

function pretend(invocation: Invocation, release: Release, what: string): number {
  const name = formatRelease(release);
  present(invocation, { name, dryRun: true, what }, () => `${name} ${what}`);
  return EXIT.ok;
}

/** Asks for a yes to what concerns production. */
async function consent(
  invocation: Invocation,
  release: Release,
  { force, yes, doing }: { readonly force: boolean; readonly yes: boolean; readonly doing: string },
): Promise<boolean> {
  if (release.environment !== 'prod' || force || yes) return true;
  const name = formatRelease(release);
  if (!invocation.terminal.canAsk || invocation.options.json === true)
    throw new UsageError(
      `${name} is production, and needs a yes`,
      'repeat with --yes',
      'CONFIRMATION_REQUIRED',
    );
  if (await askYes(invocation, `${doing} ${name}?`)) return true;
  remark(invocation, 'nothing was changed');
  return false;
}

function isUnknownTag(error: unknown): boolean {
  return (
    isReconcilerError(error, 'UNKNOWN_TAG') || (error instanceof RemoteError && error.code === 'UNKNOWN_TAG')
  );
}
