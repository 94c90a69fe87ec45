import type { Command } from 'commander';
import { own, showLine } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { collect, on } from '../../program-hooks.ts';
import type { BuildNews, BuildRequest } from '../../session/build-session.ts';
import type { Session } from '../../session/session.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';

interface BuildFlags {
  readonly registry: string;
  readonly image: string;
  readonly tag?: string;
  readonly sourceBranch?: string;
  readonly context?: string;
  readonly dockerfile?: string;
  readonly buildArg?: readonly string[];
  readonly workflow?: string;
}

export function addBuild(program: Command, hooks: ProgramHooks): void {
  program
    .command('build')
    .description('build an image out of a Git repository, and push it')
    .argument('<repository>', 'address of the repository, https://host/name')
    .requiredOption('--registry <name>', 'name or id of the registry that it is pushed to')
    .requiredOption('--image <name>', 'name of the image at the registry')
    .option('--tag <tag>', 'tag of the image (default: latest)')
    .option('--source-branch <name>', 'branch of the repository (default: its main one)')
    .option('--context <directory>', 'directory of the repository that is built (default: all of it)')
    .option('--dockerfile <path>', 'path of the Dockerfile below the context (default: Dockerfile)')
    .option('--build-arg <name=value>', 'value of an ARG of the Dockerfile (may be repeated)', collect)
    .option('--workflow <name>', 'give the image to every deployment of this workflow, by a commit')
    .action(
      on(hooks, (invocation, flags: BuildFlags, repository: string) =>
        runBuild(invocation, readFlags(repository, flags, invocation.terminal.env)),
      ),
    );
}

function readFlags(repository: string, flags: BuildFlags, env: NodeJS.ProcessEnv): BuildRequest {
  const { registry, image, tag, sourceBranch, context, dockerfile, buildArg = [], workflow } = flags;
  return {
    repository,
    registry,
    imageName: image,
    ...(tag === undefined ? {} : { tag }),
    ...(sourceBranch === undefined ? {} : { branch: sourceBranch }),
    ...(context === undefined ? {} : { context }),
    ...(dockerfile === undefined ? {} : { dockerfile }),
    ...(workflow === undefined ? {} : { stack: workflow }),
    ...(buildArg.length === 0
      ? {}
      : { args: Object.fromEntries(buildArg.map((text) => readArgument(text, env))) }),
  };
}

/** `NAME=value`; a name alone has the value that it has in the environment, as for `docker build`. */
function readArgument(text: string, env: NodeJS.ProcessEnv): readonly [string, string] {
  const at = text.indexOf('=');
  const name = at === -1 ? text : text.slice(0, at);
  const value = at === -1 ? own(env, name) : text.slice(at + 1);
  if (name !== '' && value !== undefined) return [name, value];
  throw new UsageError(
    `--build-arg ${name}: it has no value`,
    'write --build-arg NAME=value, or set NAME in the environment',
  );
}

/** Prints what the build prints, and how far it is; Ctrl-C calls it off. */
async function runBuild(invocation: Invocation, build: BuildRequest): Promise<number> {
  await using session = await invocation.openSession('read', 'build');
  const { interrupt } = invocation;
  const id = await session.startBuild(build, interrupt.signal);
  using _handler = interrupt.onStop(() => cancel(invocation, session, id));
  const end = await follow(invocation, session, id);
  const { status, image, digest, error } = end;
  if (status === 'completed') {
    const text = `${invocation.style.good('✓')} ${image || build.imageName} ${digest}`.trimEnd();
    present(invocation, { id, status, image, digest }, () => text);
    return EXIT.ok;
  }
  const why = status === 'cancelled' ? 'the build is called off' : `the build failed: ${showLine(error)}`;
  present(invocation, { id, status, error }, () => `${invocation.style.bad('✗')} ${why}`);
  return status === 'cancelled' && interrupt.stopped ? EXIT.interrupted : EXIT.failed;
}

function cancel(invocation: Invocation, session: Session, id: string): void {
  remark(invocation, 'calling the build off …');
  session.cancelBuild(id, new AbortController().signal).catch((error: unknown) => {
    remark(invocation, error instanceof Error ? error.message : 'it cannot be called off');
  });
}

type BuildEnd = Extract<BuildNews, { readonly type: 'end' }>;

async function follow(
  { terminal, style, options, interrupt }: Invocation,
  session: Session,
  id: string,
): Promise<BuildEnd> {
  const tell = options.json === true ? terminal.err : terminal.out;
  let told = '';
  for await (const news of session.followBuild(id, interrupt.signal)) {
    if (news.type === 'end') return news;
    if (news.type === 'log') {
      const line = showLine(news.message);
      tell(
        news.level === 'error' ? style.bad(line) : news.level === 'warn' ? style.warn(line) : style.dim(line),
      );
    } else if (news.stage !== told) {
      told = news.stage;
      tell(`${news.stage} (${news.progress} %)`);
    }
  }
  throw new UsageError(
    'the daemon does not tell how the build ends',
    `look at /v1/api/builds/${id}`,
    'CANCELLED',
  );
}
