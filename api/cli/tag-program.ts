import type { Command } from 'commander';
import type { TagOptions, TagPlace } from './commands/tag.ts';
import {
  runTagCreate,
  runTagDelete,
  runTagDeploy,
  runTagList,
  runTagMove,
  runTagRollback,
  runTagStatus,
} from './commands/tag.ts';
import type { Invocation } from './invocation.ts';
import type { ProgramHooks } from './program-hooks.ts';
import { on } from './program-hooks.ts';

type Flags = Partial<TagOptions> & TagPlace;

const ACTIONS = [
  ['create', 'put the tag <service>-v<X.Y.Z>-<environment> on a commit, and push it', runTagCreate],
  ['deploy', 'deploy a stack as it is at a tag, which is made where there is none', runTagDeploy],
  ['move', 'put a tag on another commit; deploys nothing', runTagMove],
  ['delete', 'delete a tag; what runs stays', runTagDelete],
  ['rollback', 'deploy a stack as it is at an older tag', runTagRollback],
] as const;

/** Tags of releases. */
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
