import { ReconcilerError } from '../../base/errors.ts';
import { decodeEscapes } from '../../base/values.ts';
import type { NewBuild } from '../../public/builds.ts';

/** A request with every default in its place. */
export interface BuildRequest {
  readonly repository: string;
  /** `null`: the branch that the repository's HEAD names. */
  readonly branch: string | null;
  /** `.` for the whole repository. */
  readonly context: string;
  readonly dockerfile: string | null;
  readonly args: Readonly<Record<string, string>>;
  readonly generated: boolean;
  readonly imageName: string;
  readonly tag: string;
}

const MAX_ARGUMENTS = 100;
const MAX_VALUE_LENGTH = 32_768;
const MAX_ADDRESS_LENGTH = 2_000;
const MAX_PATH_LENGTH = 4_096;
const ARGUMENT = /^[A-Za-z_][A-Za-z0-9_]{0,199}$/;
/** git-check-ref-format(1), a little stricter. */
const BRANCH = /^(?!-|\/|.*(?:\.\.|\/\/|@\{|\.lock$|[/.]$))[^\p{C}\s~^:?*[\\]{1,250}$/u;
/** `/tree/BRANCH` of GitHub, `/-/tree/BRANCH` of GitLab. */
const TREE = /^(https?:\/\/[^/]+\/.+?)(?:\/-)?\/tree\/([^?#]+?)\/?$/;

/** Reads what was asked for. Throws BAD_OPTIONS with what is wrong, never with the value of an argument. */
export function readBuildRequest(build: NewBuild): BuildRequest {
  const { context = '.', dockerfile = '', args = {}, imageName, tag = '' } = build;
  if (build.repository.length > MAX_ADDRESS_LENGTH) throw refuse('the address of the repository is too long');
  const [, repository = build.repository, ofAddress] = TREE.exec(build.repository.trim()) ?? [];
  const isChosen = build.branch !== undefined && build.branch !== '' && build.branch !== 'main';
  const branch = (isChosen ? build.branch : (decode(ofAddress) ?? build.branch)) || null;
  if (branch !== null && !BRANCH.test(branch))
    throw refuse(`${JSON.stringify(branch.slice(0, 100))} cannot be the name of a branch`);
  checkArguments(args);
  return {
    repository: repository.trim(),
    branch,
    context: readPath('build context', context) ?? '.',
    dockerfile: readPath('Dockerfile', dockerfile),
    args,
    generated: build.generated === true,
    imageName: imageName.trim(),
    tag: tag.trim() === '' ? 'latest' : tag.trim(),
  };
}

/** A path of the repository without `.` and doubled slashes; `null`: none. */
function readPath(what: string, path: string): string | null {
  const isPlain = !path.startsWith('/') && !/[\p{Cc}\\]/u.test(path) && path.length <= MAX_PATH_LENGTH;
  if (!isPlain || path.split('/').includes('..'))
    throw refuse(`the ${what} ${JSON.stringify(path.slice(0, 100))} is no path inside of the repository`);
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  return names.length === 0 ? null : names.join('/');
}

function checkArguments(args: Readonly<Record<string, string>>): void {
  const names = Object.keys(args);
  if (names.length > MAX_ARGUMENTS)
    throw refuse(`there are ${names.length} build arguments; ${MAX_ARGUMENTS} are the most`);
  for (const [name, value] of Object.entries(args)) {
    if (!ARGUMENT.test(name))
      throw refuse(`${JSON.stringify(name.slice(0, 100))} cannot be the name of a build argument`);
    if (value.length > MAX_VALUE_LENGTH || value.includes('\0'))
      throw refuse(`the build argument ${name} is too long, or no text`);
  }
}

function decode(text: string | undefined): string | undefined {
  return text === undefined ? undefined : (decodeEscapes(text) ?? text);
}

function refuse(message: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', message);
}
