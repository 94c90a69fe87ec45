import { execFile } from 'node:child_process';
import { createHash, generateKeyPairSync, sign as signBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { git, gitTestEnvironment } from './git-repo.ts';
import type { TestRepository } from './git-repo.ts';

/** Makes the armored signature of a commit object without one. */
export type Sign = (payload: string) => Promise<string>;

export interface SshKey {
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  readonly path: string;
  readonly sign: Sign;
}

export interface OpenpgpKey {
  readonly fingerprint: string;
  readonly sign: Sign;
}

/** Keys of people, made for one test file by the real programs. */
export interface Signers extends AsyncDisposable {
  readonly directory: string;
  /** Writes a file beside the keys; answers its path. */
  write(name: string, content: string): Promise<string>;
  ssh(name: string): Promise<SshKey>;
  /** @param options of `gpg`, such as `--faked-system-time`, which then holds for its signatures as well */
  openpgp(userId: string, expires?: string, options?: readonly string[]): Promise<OpenpgpKey>;
  gpg(...args: string[]): Promise<string>;
  /** Exports public keys into a file; answers its path. */
  keyring(name: string, ...fingerprints: string[]): Promise<string>;
}

export async function createSigners(): Promise<Signers> {
  const directory = await mkdtemp(join(tmpdir(), 'kombinator-signers-'));
  const home = await mkdtemp(join(tmpdir(), 'kombinator-gpg-'));
  const gpg = (...args: string[]) => feed('gpg', gpgArgs(home, args));
  const write = async (name: string, content: string): Promise<string> => {
    await writeFile(join(directory, name), content);
    return join(directory, name);
  };
  return {
    directory,
    write,
    gpg,
    async ssh(name) {
      const path = join(directory, name);
      await feed('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', path]);
      const publicKey = (await readFile(`${path}.pub`, 'utf8')).trim();
      const sign: Sign = (payload) => feed('ssh-keygen', ['-Y', 'sign', '-n', 'git', '-f', path], payload);
      return { path, publicKey, sign };
    },
    async openpgp(userId, expires = 'never', options = []) {
      await gpg(...options, '--quick-generate-key', userId, 'ed25519', 'sign', expires);
      const listed = await gpg('--with-colons', '--list-keys', `=${userId}`);
      const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1] ?? '';
      const sign: Sign = (payload) =>
        feed('gpg', gpgArgs(home, [...options, '--armor', '--detach-sign', '-u', fingerprint]), payload);
      return { fingerprint, sign };
    },
    keyring: async (name, ...fingerprints) => write(name, await gpg('--armor', '--export', ...fingerprints)),
    async [Symbol.asyncDispose]() {
      await feed('gpgconf', ['--homedir', home, '--kill', 'all']).catch(() => '');
      await rm(home, { recursive: true, force: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function gpgArgs(home: string, args: readonly string[]): readonly string[] {
  return ['--homedir', home, '--batch', '--pinentry-mode', 'loopback', '--passphrase', '', ...args];
}

function feed(program: string, args: readonly string[], input = ''): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = execFile(program, args, { env: gitTestEnvironment() }, (error, stdout) => {
    if (error === null) resolve(stdout);
    else reject(error);
  });
  // One that reads none closes it early.
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  return promise;
}

/** An ed25519 key that signs in this process, by PROTOCOL.sshsig of OpenSSH: for many commits. */
export function createQuickKey(): { readonly publicKey: string; readonly sign: Sign } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const blob = Buffer.concat([text('ssh-ed25519'), text(raw)]);
  const common = [text('git'), text(''), text('sha512')];
  return {
    publicKey: `ssh-ed25519 ${blob.toString('base64')}`,
    sign: async (payload) => {
      const digest = createHash('sha512').update(payload).digest();
      const signature = signBytes(
        null,
        Buffer.concat([Buffer.from('SSHSIG'), ...common, text(digest)]),
        privateKey,
      );
      const version = Buffer.from([0, 0, 0, 1]);
      const signed = text(Buffer.concat([text('ssh-ed25519'), text(signature)]));
      const whole = Buffer.concat([Buffer.from('SSHSIG'), version, text(blob), ...common, signed]);
      const lines = whole.toString('base64').match(/.{1,70}/g) ?? [];
      return ['-----BEGIN SSH SIGNATURE-----', ...lines, '-----END SSH SIGNATURE-----'].join('\n');
    },
  };
}

function text(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export interface SignedCommitOptions {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author?: string;
  readonly message?: string;
  /** Seconds since the epoch; default 2026-01-01. */
  readonly time?: number;
  readonly sign?: Sign | undefined;
}

/** A commit object with its signature, as Git writes it; on no branch. */
export async function formatSigned(options: SignedCommitOptions): Promise<string> {
  const { tree, parents, author = 'Ada <ada@example.org>', message = 'change', sign } = options;
  const when = `${options.time ?? 1_767_225_600} +0000`;
  const head = [
    `tree ${tree}`,
    ...parents.map((parent) => `parent ${parent}`),
    `author ${author} ${when}`,
    `committer ${author} ${when}`,
  ].join('\n');
  const payload = `${head}\n\n${message}\n`;
  if (sign === undefined) return payload;
  const signature = (await sign(payload)).trimEnd().replaceAll('\n', '\n ');
  return `${head}\ngpgsig ${signature}\n\n${message}\n`;
}

/** Writes a commit object whatever it says; answers its id. */
export async function writeCommitObject(
  { gitdir }: Pick<TestRepository, 'gitdir'>,
  content: string,
): Promise<string> {
  return (
    await feed('git', ['--git-dir', gitdir, 'hash-object', '-t', 'commit', '-w', '--stdin'], content)
  ).trim();
}

export async function moveBranch({ gitdir }: Pick<TestRepository, 'gitdir'>, commit: string): Promise<void> {
  await git(gitdir, 'update-ref', 'refs/heads/main', commit);
}
