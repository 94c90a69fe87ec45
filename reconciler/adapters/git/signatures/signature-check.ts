import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gitError } from '../errors.ts';
import type { GitCommand } from '../repository/git-command.ts';
import { firstErrorLine } from '../repository/git-command.ts';
import { isObjectId } from '../repository/objects.ts';
import { runProgram } from './programs.ts';

/** A signature as Git judges it (git-log(1), `%G?`). */
export interface Verdict {
  /** `G` good, `U` good by a key that nobody vouches for, `B` bad, `X` `Y` `R` expired signature, expired key, revoked key, `E` no key, `N` none. */
  readonly status: string;
  /** Fingerprint of the key, or its id where it is not known. */
  readonly key: string;
  /** Fingerprint of the primary key. */
  readonly primary: string;
  /** The signer that Git names. */
  readonly signer: string;
}

/** Git on the objects of a repository, but with none of its settings, refs and grafts: those may name programs, and other parents. */
export interface SignatureCheck extends AsyncDisposable {
  /** Commits that the tip has and the known ones have not, over all parents; the newest first. Throws GIT_ERROR for one that is not there. */
  listNew(tip: string, known: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /**
   * Verdicts by commit.
   *
   * @param signers content of an `allowed_signers` file
   */
  judge(ids: readonly string[], signers: string, signal: AbortSignal): Promise<ReadonlyMap<string, Verdict>>;
  /** Makes OpenPGP keys known. Throws BAD_OPTIONS for what holds none. @returns addresses by fingerprint of the primary key */
  importKeys(keyring: string, signal: AbortSignal): Promise<ReadonlyMap<string, readonly string[]>>;
}

/** Commits that one process looks at. */
const PORTION = 25;
const PARALLEL = 4;
/** More new commits than these are not looked at one by one. */
const MAX_COMMITS = 20_000;
const FIELDS = ['%H', '%G?', '%GF', '%GK', '%GP', '%GS'].join('%x1f');
/** Options of GnuPG: the operator's keys are the ones that count, nothing is fetched, nothing is started. */
const GPG_OPTIONS = [
  'batch',
  'no-tty',
  'trust-model always',
  'no-auto-key-retrieve',
  'disable-dirmngr',
  'no-autostart',
];

/**
 * @param cacheDir a directory of our own, in which one is made for as long as this lives
 * @param commonDir the repository that has the objects
 */
export async function openSignatureCheck(
  git: GitCommand,
  cacheDir: string,
  commonDir: string,
): Promise<SignatureCheck> {
  const { place, home } = await makePlace(cacheDir);
  const run = createRun(git, {
    GIT_DIR: place,
    GIT_OBJECT_DIRECTORY: join(commonDir, 'objects'),
    GIT_SHALLOW_FILE: join(commonDir, 'shallow'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GNUPGHOME: home,
  });
  let files = 0;
  return {
    listNew: (tip, known, signal) => listNew(run, [tip, ...known.map((id) => `^${id}`)], signal),
    async judge(ids, signers, signal) {
      const file = join(place, `signers-${(files += 1)}`);
      await writeFile(file, signers, { mode: 0o600 });
      return judge(run, { ids, file, signal });
    },
    importKeys: (keyring, signal) => importKeys(home, keyring, signal),
    [Symbol.asyncDispose]: () => rm(place, { recursive: true, force: true }),
  };
}

/** Makes an empty repository, and a home of GnuPG in it. */
async function makePlace(cacheDir: string): Promise<{ readonly place: string; readonly home: string }> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  const place = await mkdtemp(join(cacheDir, 'verify-'));
  const home = join(place, 'gnupg');
  await mkdir(join(place, 'refs'));
  await mkdir(join(place, 'objects'));
  await writeFile(join(place, 'HEAD'), 'ref: refs/heads/main\n');
  await writeFile(join(place, 'config'), '[core]\n\trepositoryformatversion = 0\n\tbare = true\n');
  await mkdir(home, { mode: 0o700 });
  await writeFile(join(home, 'common.conf'), '');
  await writeFile(join(home, 'gpg.conf'), GPG_OPTIONS.map((line) => `${line}\n`).join(''));
  return { place, home };
}

/** Runs Git to its end, with lines as its input. Throws GIT_ERROR. */
type Run = (args: readonly string[], input: readonly string[], signal: AbortSignal) => Promise<string>;

function createRun(git: GitCommand, env: Readonly<Record<string, string>>): Run {
  // A commit graph may tell of other parents than the commits do.
  const settings = {
    'core.commitGraph': 'false',
    'gpg.program': 'gpg',
    'gpg.ssh.program': 'ssh-keygen',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  return async (args, lines, signal) => {
    const input = lines.map((line) => `${line}\n`).join('');
    const { exitCode, stdout, stderr } = await git.run([...options, ...args], { env, input, signal });
    if (exitCode === 0) return stdout.toString('utf8');
    throw gitError(`signatures cannot be checked: ${firstErrorLine(stderr)}`);
  };
}

async function listNew(run: Run, range: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
  const args = ['rev-list', '--topo-order', `--max-count=${MAX_COMMITS + 1}`, '--stdin'];
  const ids = (await run(args, range, signal)).split('\n').filter(isObjectId);
  if (ids.length <= MAX_COMMITS) return ids;
  throw gitError(
    `more than ${MAX_COMMITS} commits are new, whose signatures are not checked at once: name one that is trusted as git.signatures.since`,
  );
}

async function judge(
  run: Run,
  {
    ids,
    file,
    signal,
  }: { readonly ids: readonly string[]; readonly file: string; readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Verdict>> {
  const signers = ['-c', `gpg.ssh.allowedSignersFile=${file}`];
  const args = [
    ...signers,
    'log',
    '--no-walk=unsorted',
    '--no-notes',
    '-s',
    '--stdin',
    `--format=tformat:${FIELDS}`,
  ];
  const portions = Array.from({ length: Math.ceil(ids.length / PORTION) }, (_, index) =>
    ids.slice(index * PORTION, (index + 1) * PORTION),
  );
  const verdicts = new Map<string, Verdict>();
  const work = async (): Promise<void> => {
    for (let portion = portions.shift(); portion !== undefined; portion = portions.shift())
      for (const [id, verdict] of parseVerdicts(await run(args, portion, signal))) verdicts.set(id, verdict);
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return verdicts;
}

function parseVerdicts(text: string): readonly (readonly [string, Verdict])[] {
  return text.split('\n').flatMap((line) => {
    const [id = '', status = 'N', fingerprint = '', key = '', primary = '', signer = ''] = line.split('\x1f');
    return isObjectId(id) ? [[id, { status, key: fingerprint || key, primary, signer }] as const] : [];
  });
}

async function importKeys(
  home: string,
  keyring: string,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const env = { GNUPGHOME: home };
  // Some of a file's keys may be of kinds that this GnuPG does not know.
  await runProgram('gpg', ['--import', '--', keyring], { env, signal });
  const { stdout } = await runProgram('gpg', ['--with-colons', '--fixed-list-mode', '--list-keys'], {
    env,
    signal,
  });
  return parseKeys(stdout.toString('utf8'));
}

/** Reads `--with-colons` (doc/DETAILS of GnuPG): a line `pub`, its fingerprint, and one line for each user id. */
export function parseKeys(listing: string): ReadonlyMap<string, readonly string[]> {
  const keys = new Map<string, string[]>();
  let primary: string[] | undefined;
  let expectsFingerprint = false;
  for (const line of listing.split('\n')) {
    const fields = line.split(':');
    const [record = '', validity = ''] = fields;
    const value = fields[9] ?? '';
    if (record === 'pub') expectsFingerprint = true;
    if (record === 'fpr' && expectsFingerprint) {
      expectsFingerprint = false;
      keys.set(value, (primary = []));
    }
    // Revoked and expired names are no names any more.
    if (record === 'uid' && validity !== 'r' && validity !== 'e') primary?.push(...addressOf(value));
  }
  return keys;
}

function addressOf(userId: string): readonly string[] {
  const text = userId.replaceAll(/\\x([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  const address = /<([^<>]+)>\s*$/.exec(text)?.[1] ?? /^[^\s<>@]+@[^\s<>@]+$/.exec(text)?.[0];
  return address === undefined ? [] : [address.toLowerCase()];
}
