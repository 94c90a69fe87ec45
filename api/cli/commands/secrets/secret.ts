import { existsSync, realpathSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import type { MovableSecret, SealedSecret } from '../../../../reconciler/index.ts';
import { findMovableSecret, findWorkTree, isProblem, sealSecret } from '../../../../reconciler/index.ts';
import type { Invocation } from '../../invocation.ts';
import { present, remark } from '../../invocation.ts';
import type { ProgramHooks } from '../../program-hooks.ts';
import { on } from '../../program-hooks.ts';
import { decode, reasonOf } from '../../read-files.ts';
import { chooseStateDirectory } from '../../session/state-directory.ts';
import { EXIT, UsageError } from '../../terminal/failure.ts';
import { readValue } from '../../terminal/read-value.ts';

interface SetOptions {
  /** Directory of the description that the secret is for. Default: the current one. */
  readonly dir?: string;
  /** Description or Compose file that holds the value in clear. */
  readonly from?: string;
  /** The only service that the value is taken from. */
  readonly service?: string;
  /** Name of the secret where it is not that of the variable. */
  readonly as?: string;
}

export function addSecrets(program: Command, hooks: ProgramHooks): void {
  const secret = program
    .command('secret')
    .description('secrets that the repository keeps, encrypted with age');
  secret
    .command('set')
    .description('write a value into secrets/NAME.age beside a description, and print its reference')
    .argument('<name>', 'name of the variable, or of the secret')
    .option('--dir <dir>', 'directory of the description (default: the current one)')
    .option('--from <file>', 'take the value out of this description or Compose file, and refer to it there')
    .option('--service <service>', 'with --from: of this service alone')
    .option('--as <name>', 'with --from: another name for the secret')
    .action(
      on(hooks, (invocation, options: SetOptions, name: string) => runSecretSet(invocation, name, options)),
    );
}

async function runSecretSet(invocation: Invocation, name: string, options: SetOptions): Promise<number> {
  const { repo, server } = invocation.options;
  if (server !== undefined)
    throw new UsageError(
      'secrets are written into the work tree that they are committed from',
      'leave out --server, and run it in a checkout of the repository',
    );
  if (options.from === undefined && (options.service !== undefined || options.as !== undefined))
    throw new UsageError('--service and --as go with --from');
  if (options.from !== undefined && options.dir !== undefined)
    throw new UsageError('--dir and --from exclude each other: the secret is kept beside the description');
  const root = await findRoot(repo);
  return options.from === undefined
    ? setValue(invocation, name, { root, directory: resolve(options.dir ?? '.') })
    : moveValue(invocation, name, { ...options, root, file: findFile(options.from, root) });
}

async function setValue(
  invocation: Invocation,
  name: string,
  { root, directory }: { readonly root: string; readonly directory: string },
): Promise<number> {
  const value = await readValue(invocation, `Value of ${name}: `);
  const sealed = await seal(invocation, { root, directory, name, value });
  return report(invocation, { name, root, sealed, reference: sealed.reference, changed: null });
}

interface Move extends Pick<SetOptions, 'service' | 'as'> {
  readonly root: string;
  /** Absolute path. */
  readonly file: string;
}

/** Writes the age file first: a value is never in neither place. */
async function moveValue(invocation: Invocation, variable: string, move: Move): Promise<number> {
  const { root, file, service, as: name = variable } = move;
  const shown = relative(process.cwd(), file);
  const text = decode(await readFile(file).catch((error: unknown) => unreadable(shown, error)));
  if (text === null) throw new UsageError(`${shown} is not UTF-8 text`);
  const found = orRefuse(findMovableSecret(text, variable, service), shown);
  const place = join(dirname(file), 'secrets', `${name}.age`);
  if (existsSync(place))
    throw new UsageError(
      `${relative(process.cwd(), place)} is there already; nothing was changed`,
      'give the secret another name with --as NAME, or take that file away',
    );
  // Refuses what cannot be changed before anything is written.
  orRefuse(found.replace('secret://age/x'), shown);
  const sealed = await seal(invocation, { root, directory: dirname(file), name, value: found.value });
  const isDescription = basename(file) === 'kombination.yaml';
  const reference = isDescription ? sealed.reference : sealed.rootReference;
  await writeFile(file, orRefuse(found.replace(reference), shown));
  return report(invocation, { name, root, sealed, reference, changed: { file: shown, ...found } });
}

function orRefuse<T>(result: T, file: string): Exclude<T, { readonly problem: string }> {
  if (isProblem(result)) throw new UsageError(`${file}: ${result.problem}`, result.hint);
  return result as Exclude<T, { readonly problem: string }>;
}

function unreadable(file: string, error: unknown): never {
  throw new UsageError(`cannot read ${file}: ${reasonOf(error)}`);
}

async function seal(
  { options, terminal }: Invocation,
  what: { readonly root: string; readonly directory: string; readonly name: string; readonly value: string },
): Promise<SealedSecret> {
  const { root, directory } = what;
  const real = existsSync(directory) ? realpathSync(directory) : directory;
  if (real !== root && relative(root, real).startsWith('..'))
    throw new UsageError(
      `${directory} is not in the repository ${root}`,
      'choose a directory of it with --dir',
    );
  const stateDir = await chooseStateDirectory(options, 'command', terminal.env);
  return sealSecret({ ...what, directory: real, stateDir, env: terminal.env });
}

/** The work tree; a bare repository and an address have none that a file could be written to. */
async function findRoot(repo: string): Promise<string> {
  const tree = await findWorkTree(resolve(repo));
  if (tree !== null) return realpathSync(tree.root);
  throw new UsageError(
    `${repo} is no work tree of a Git repository`,
    'run it in a checkout of the repository, and commit what it writes',
  );
}

/** Findings name files from the root of the repository, people from where they are. */
function findFile(file: string, root: string): string {
  const here = resolve(file);
  const path = existsSync(here) ? here : join(root, file);
  return existsSync(path) ? realpathSync(path) : here;
}

interface Done {
  readonly name: string;
  readonly root: string;
  readonly sealed: SealedSecret;
  readonly reference: string;
  readonly changed: ({ readonly file: string } & Pick<MovableSecret, 'services'>) | null;
}

function report(invocation: Invocation, { name, root, sealed, reference, changed }: Done): number {
  const { path, recipients, recipientsFile, madeKey, opensHere } = sealed;
  const moved = changed === null ? {} : { file: changed.file, services: changed.services };
  const files = [path, recipientsFile].map((each) => relative(root, each));
  present(
    invocation,
    { name, reference, path: files[0], recipients, madeKey, opensHere, ...moved },
    () => reference,
  );
  if (madeKey !== null)
    remark(
      invocation,
      `made the age key ${madeKey}; keep a copy, and give it to a daemon elsewhere as age.key of its state directory`,
    );
  if (!opensHere)
    remark(
      invocation,
      `no age key of this machine opens it: it is for those of ${relative(root, recipientsFile)}`,
    );
  if (changed === null) remark(invocation, `write  ${name}: ${reference}  under env: of a service`);
  else
    remark(
      invocation,
      `${changed.file} refers to it for ${changed.services.join(', ')}; what was committed before still shows the value: change it where others may have read it`,
    );
  const all = changed === null ? files : [...files, changed.file];
  remark(invocation, `commit ${[...new Set(all)].join(', ')}`);
  return EXIT.ok;
}
