import type { Command } from 'commander';
import type { GitHostSetup } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { noteChange } from '../../session/note-change.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import { formatPlainRows, formatTable } from '../../terminal/table.ts';
import { HOOK_FORMS } from './hook-forms.ts';

interface HookOptions {
  readonly install?: boolean;
  readonly showSecret?: boolean;
  /** Address of the daemon as the host reaches it. */
  readonly address?: string;
}

/** `hook`: the hook at the host of the config repository, by which a push is seen at once. */
export function addHook(program: Command, hooks: ProgramHooks): void {
  program
    .command('hook')
    .description('print what to enter for a hook at the host of the repository, or set it up there')
    .option('--install', 'set it up over the API of the host, or bring it up to date')
    .option('--address <url>', 'address of the daemon as the host reaches it (default: git.host.page)')
    .option('--show-secret', 'print the secret itself, to be copied')
    .action(on(hooks, (invocation, options: HookOptions) => runHook(invocation, options)));
}

interface Hook extends GitHostSetup {
  readonly hookSecret: NonNullable<GitHostSetup['hookSecret']>;
  /** Address that the host is to send to. */
  readonly address: string;
}

async function runHook(invocation: Invocation, options: HookOptions): Promise<number> {
  if (invocation.options.server !== undefined)
    throw new UsageError(
      'the configuration and the secrets of a daemon are on its own machine',
      'leave out --server, and give --repo and --config as the daemon has them',
    );
  await using store = await invocation.openKeys();
  const hook = readHook(store.gitHost(), options);
  // One that is not there is told now, and not by the first push.
  const secret = hook.hookSecret.resolve();
  if (options.install !== true) {
    presentForm(invocation, hook, options.showSecret === true ? secret.reveal().trim() : null);
    return EXIT.ok;
  }
  const { host, address } = hook;
  const installed = await host.installHook({ address, secret }, invocation.interrupt.signal);
  noteChange(invocation, store, 'hook install', { host: host.address, address });
  present(invocation, { ...documentOf(hook), installed }, () => installed);
  remark(invocation, `${host.address} tells ${address} of pushes, pull requests and comments from now on`);
  return EXIT.ok;
}

/** Throws BAD_OPTIONS, naming the line of the configuration that is missing. */
function readHook(setup: GitHostSetup | null, options: HookOptions): Hook {
  if (setup === null)
    throw new UsageError(
      'the configuration (--config) names no host for the repository',
      'git: { host: { kind: gitea, token: secret://file/git-token, webhook: { secret: secret://file/hook } } }',
    );
  const { hookSecret, settings } = setup;
  if (hookSecret === null)
    throw new UsageError(
      'the configuration (--config) names no secret for hooks',
      'git.host.webhook: { secret: secret://file/hook }',
    );
  const page = options.address?.replace(/\/+$/, '') ?? settings.page;
  if (page === null)
    throw new UsageError(
      'it is not known where the host reaches the daemon',
      'give --address https://kombinator.example.org, or set git.host.page in the configuration (--config)',
    );
  if (!/^https?:\/\/[^\s@#?]+$/.test(page) || !URL.canParse(page))
    throw new UsageError(`--address: "${page}" is no address of http or https`);
  return { ...setup, hookSecret, address: `${page}/api/hooks/config` };
}

function documentOf({ host, hookSecret, address }: Hook) {
  const { events } = HOOK_FORMS[host.kind];
  return { kind: host.kind, repository: host.address, address, secret: hookSecret.reference, events };
}

function formatForm(
  { terminal, style }: Invocation,
  page: string,
  rows: readonly (readonly [string, string])[],
): string {
  const cells = rows.map(([field, value]) => [field, value]);
  if (!terminal.isTerminal) return formatPlainRows([['page', page], ...cells]);
  return formatTable(['at', page].map(style.dim), cells);
}

/** @param secret `null`: only where it stands is shown */
function presentForm(invocation: Invocation, hook: Hook, secret: string | null): void {
  const { host, hookSecret, address } = hook;
  const { page, rows, events } = HOOK_FORMS[host.kind];
  const shown = secret ?? `what ${hookSecret.reference} holds (--show-secret prints it)`;
  const document = { ...documentOf(hook), page: `${host.address}${page}` };
  present(invocation, secret === null ? document : { ...document, secret_value: secret }, () =>
    formatForm(
      invocation,
      `${host.address}${page}`,
      rows({ address, secret: shown, events: events.join(', ') }),
    ),
  );
  remark(invocation, 'kombinator hook --install does it, with a token that may');
}
