import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import type { SignatureRules } from '../../../reconciler/ports/signatures.ts';
import type { Source } from '../../../reconciler/ports/source.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { openSource } from '../../support/git/git-sources.ts';
import type { Sign, SignedCommitOptions } from '../../support/git/signing.ts';
import {
  createQuickKey,
  createSigners,
  formatSigned,
  moveBranch,
  writeCommitObject,
} from '../../support/git/signing.ts';

const signal = new AbortController().signal;
const NOBODY: SignatureRules = { allowedSigners: null, keyring: null, hostKeys: [] };

const signers = await createSigners();
const [ada, bob, host, old, eve] = await Promise.all(['ada', 'bob', 'host', 'old', 'eve'].map(signers.ssh));
const pgpAda = await signers.openpgp('Ada <ada@example.org>');
const pgpHost = await signers.openpgp('Host <noreply@git.example.org>');
const pgpEve = await signers.openpgp('Eve <eve@example.org>');
const pgpOld = await signers.openpgp('Old <old@example.org>', '2020-02-01', [
  '--faked-system-time',
  '20200115T000000',
]);
afterAll(() => signers[Symbol.asyncDispose]());

const allowedSigners = await signers.write(
  'allowed_signers',
  [
    '# keys of the team',
    `Ada@Example.org,ada@work.example ${ada?.publicKey}`,
    `bob@example.org namespaces="git",valid-after="202001010000Z",valid-before="20990101" ${bob?.publicKey}`,
    `*@example.org,!ada@example.org namespaces="file" ${eve?.publicKey}`,
    `old@example.org valid-after="20200101",valid-before="20210101" ${old?.publicKey}`,
    `"*@merged.example" ${host?.publicKey}`,
    '',
  ].join('\n'),
);
const keyring = await signers.keyring(
  'keys.asc',
  pgpAda.fingerprint,
  pgpHost.fingerprint,
  pgpOld.fingerprint,
);
const RULES: SignatureRules = { allowedSigners, keyring, hostKeys: [pgpHost.fingerprint] };

interface World extends AsyncDisposable {
  readonly repository: TestRepository;
  readonly source: Source;
  /** First commit, which nobody has signed. */
  readonly base: string;
  commit(options: Omit<SignedCommitOptions, 'tree'>): Promise<string>;
}

async function createWorld(): Promise<World> {
  const repository = await createBareRepo();
  const base = await commitFiles(repository, { a: '1' }, 'first');
  const tree = await git(repository.gitdir, 'rev-parse', `${base}^{tree}`);
  const opened = await openSource({ location: repository.path });
  return {
    repository,
    source: opened.source,
    base,
    commit: async (options) => writeCommitObject(repository, await formatSigned({ tree, ...options })),
    async [Symbol.asyncDispose]() {
      await opened[Symbol.asyncDispose]();
      await repository[Symbol.asyncDispose]();
    },
  };
}

describe('signatures of commits', async () => {
  const world = await createWorld();
  const { base, source } = world;
  afterAll(() => world[Symbol.asyncDispose]());
  const reasonOf = async (options: Omit<SignedCommitOptions, 'tree' | 'parents'>, rules = RULES) => {
    const tip = await world.commit({ parents: [base], ...options });
    const { checked, unverified } = await source.verify({ tip, known: [base], rules }, signal);
    expect(checked).toBe(1);
    return unverified[0]?.reason ?? null;
  };
  const by = (name: string) => `${name} <${name.toLowerCase()}@example.org>`;
  const OTHERS = { ...RULES, allowedSigners: null };

  it.each<[string, Omit<SignedCommitOptions, 'tree' | 'parents'>, RegExp | null]>([
    ['a key of the author', { sign: ada?.sign }, null],
    ['the author in capitals', { sign: ada?.sign, author: 'Ada <ADA@EXAMPLE.ORG>' }, null],
    ['another address of the same line', { sign: ada?.sign, author: 'Ada <ada@work.example>' }, null],
    ['a key for signatures of Git alone', { sign: bob?.sign, author: by('Bob') }, null],
    [
      'a key of a host, for the addresses that it signs for',
      { sign: host?.sign, author: 'Ada <ada@merged.example>' },
      null,
    ],
    [
      'a key of a host, for others',
      { sign: host?.sign },
      /^is signed by \*@merged\.example, who is not its author$/,
    ],
    ['no signature', {}, /^is not signed$/],
    [
      'the key of somebody else',
      { sign: bob?.sign },
      /^is signed by bob@example\.org, who is not its author$/,
    ],
    [
      'the right key, and another author',
      { sign: ada?.sign, author: by('Bob') },
      /^is signed by Ada@Example\.org, who is not its author$/,
    ],
    [
      'an author who is a pattern',
      { sign: host?.sign, author: 'Eve <*@merged.example>' },
      /who is not its author$/,
    ],
    [
      'a key for other things than Git',
      { sign: eve?.sign, author: by('Eve') },
      /^(is signed with a key that is not among|has a signature)/,
    ],
    [
      'a key that has ended, on a commit that says it is older',
      { sign: old?.sign, author: by('Old'), time: 1_590_000_000 },
      /^is signed with a key that does not count any more, or not yet \(SHA256:.*valid-before\)$/,
    ],
    [
      'a key after its time',
      { sign: old?.sign, author: by('Old') },
      /^is signed with a key that did not count at its time \(SHA256:.*valid-before\)$/,
    ],
    ['an OpenPGP key of the author', { sign: pgpAda.sign }, null],
    [
      'an OpenPGP key of somebody else',
      { sign: pgpAda.sign, author: by('Bob') },
      /^is signed by Ada <ada@example\.org>, who is not its author/,
    ],
    ['an OpenPGP key of a host', { sign: pgpHost.sign, author: by('Bob') }, null],
    [
      'an OpenPGP key that nobody knows',
      { sign: pgpEve.sign, author: by('Eve') },
      /^is signed with a key that is not in the keyring/,
    ],
    [
      'an OpenPGP key that has expired',
      { sign: pgpOld.sign, author: by('Old') },
      /^is signed with a key that has expired/,
    ],
    [
      'something else in place of a signature',
      { sign: async () => 'no signature' },
      /of a kind that is not checked/,
    ],
  ])('%s', async (_, options, expected) => {
    const reason = await reasonOf(options);

    if (expected === null) expect(reason).toBeNull();
    else expect(reason).toMatch(expected);
  });

  it('tells a key that nobody knows', async () => {
    const mallory = await signers.ssh('mallory');

    expect(await reasonOf({ sign: mallory.sign })).toMatch(
      /^is signed with a key that is not among the allowed signers \(SHA256:/,
    );
  });

  it('tells a commit that was changed after it was signed', async () => {
    for (const sign of [ada?.sign, pgpAda.sign]) {
      const signed: Sign = async (payload) => (await sign?.(payload.replace('change', 'another'))) ?? '';
      expect(await reasonOf({ sign: signed })).toMatch(/^has a signature that is not one of this content/);
    }
  });

  it('counts no signature of a kind that the operator has no keys for', async () => {
    expect(await reasonOf({ sign: ada?.sign }, OTHERS)).toMatch(/allowedSigners names no file$/);
    expect(await reasonOf({ sign: pgpAda.sign }, { ...RULES, keyring: null })).toMatch(
      /keyring names no file$/,
    );
  });

  it('finds a key out as soon as the operator has written it down', async () => {
    const carol = await signers.ssh('carol');
    const file = await signers.write('growing', `ada@example.org ${ada?.publicKey}\n`);
    const tip = await world.commit({ parents: [base], sign: carol.sign, author: by('Carol') });
    const request = { tip, known: [base], rules: { ...NOBODY, allowedSigners: file } };
    expect((await source.verify(request, signal)).unverified).toHaveLength(1);

    await writeFile(file, `carol@example.org ${carol.publicKey}\n`);

    expect((await source.verify(request, signal)).unverified).toEqual([]);
  });

  it('takes certificates for the author whom they name', async () => {
    const [authority, carol] = [await signers.ssh('authority'), await signers.ssh('carol-cert')];
    execFileSync('ssh-keygen', [
      '-q',
      '-s',
      authority.path,
      '-I',
      'carol',
      '-n',
      'carol@example.org',
      `${carol.path}.pub`,
    ]);
    const certificate = `${carol.path}-cert.pub`;
    const file = await signers.write('authorities', `*@example.org cert-authority ${authority.publicKey}\n`);
    const rules = { ...NOBODY, allowedSigners: file };
    const sign: Sign = async (payload) =>
      execFileSync('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', certificate], {
        input: payload,
      }).toString();

    expect(await reasonOf({ sign, author: by('Carol') }, rules)).toBeNull();
    expect(await reasonOf({ sign, author: by('Bob') }, rules)).toMatch(/who is not its author$/);
    expect(await reasonOf({ sign, author: 'Eve <*@example.org>' }, rules)).toMatch(/who is not its author$/);
  });

  it('is not told by settings of the repository which program to run, or whom to trust', async () => {
    await using own = await createWorld();
    const { gitdir } = own.repository;
    const mallory = await signers.ssh('settings');
    await git(gitdir, 'config', 'gpg.ssh.program', '/bin/true');
    await git(gitdir, 'config', 'gpg.program', '/bin/true');
    const all = await signers.write('all', `* ${mallory.publicKey}\n`);
    await git(gitdir, 'config', 'gpg.ssh.allowedSignersFile', all);
    for (const sign of [mallory.sign, pgpEve.sign]) {
      const tip = await own.commit({ parents: [own.base], sign });
      const found = await own.source.verify({ tip, known: [own.base], rules: RULES }, signal);
      expect(found.unverified).toHaveLength(1);
    }
  });

  it('looks at everything that a merge brings along', async () => {
    const hidden = await world.commit({ parents: [base], message: 'hidden' });
    const above = await world.commit({ parents: [hidden], sign: ada?.sign });
    const main = await world.commit({ parents: [base], sign: ada?.sign });
    const tip = await world.commit({ parents: [main, above], sign: ada?.sign });

    const { checked, unverified } = await source.verify({ tip, known: [base], rules: RULES }, signal);

    expect(checked).toBe(4);
    expect(unverified).toEqual([
      {
        commit: hidden,
        author: { name: 'Ada', email: 'ada@example.org' },
        subject: 'hidden',
        reason: 'is not signed',
      },
    ]);
  });

  it('is not shown other parents by grafts and replacements', async () => {
    await using own = await createWorld();
    const hidden = await own.commit({ parents: [own.base] });
    const tip = await own.commit({ parents: [hidden], sign: ada?.sign });
    await mkdir(join(own.repository.gitdir, 'info'), { recursive: true });
    await writeFile(join(own.repository.gitdir, 'info', 'grafts'), `${tip} ${own.base}\n`);
    await git(own.repository.gitdir, 'replace', '--graft', tip, own.base);

    const { unverified } = await own.source.verify({ tip, known: [own.base], rules: RULES }, signal);

    expect(unverified.map(({ commit }) => commit)).toEqual([hidden]);
  });

  it('looks at all of a history that was written anew, and at a tip that went back', async () => {
    const first = await world.commit({ parents: [base], sign: ada?.sign });
    const anew = await world.commit({ parents: [], message: 'anew' });
    const tip = await world.commit({ parents: [anew], sign: ada?.sign });
    const look = (wanted: string) => source.verify({ tip: wanted, known: [first], rules: RULES }, signal);

    expect((await look(tip)).unverified.map(({ subject }) => subject)).toEqual(['anew']);
    expect((await look(base)).unverified.map(({ commit }) => commit)).toEqual([base]);
    expect(await look(first)).toEqual({ checked: 0, unverified: [] });
  });

  it('finds an object that is not what its id says', async () => {
    await using own = await createWorld();
    const good = await own.commit({ parents: [own.base], sign: ada?.sign });
    const { gitdir } = own.repository;
    const content = await formatSigned({ tree: own.base, parents: [], sign: ada?.sign });
    const path = join(gitdir, 'objects', good.slice(0, 2), good.slice(2));
    await rm(path);
    await writeFile(path, deflateSync(`commit ${Buffer.byteLength(content)}\0${content}`));

    const found = await own.source.verify({ tip: good, known: [], rules: RULES }, signal);

    expect(found.unverified[0]?.reason).toMatch(/another content than its id says/);
  });

  it('checks a thousand commits at once', async () => {
    await using own = await createWorld();
    const key = createQuickKey();
    const file = await signers.write('quick', `ada@example.org ${key.publicKey}\n`);
    const tree = await git(own.repository.gitdir, 'rev-parse', `${own.base}^{tree}`);
    let tip = own.base;
    const paths: string[] = [];
    for (let count = 0; count < 1_000; count += 1) {
      const sign = count === 500 ? undefined : key.sign;
      const content = await formatSigned({ tree, parents: [tip], message: `change ${count}`, sign });
      paths.push(await signers.write(`commit-${count}`, content));
      tip = createHash('sha1')
        .update(`commit ${Buffer.byteLength(content)}\0${content}`)
        .digest('hex');
    }
    for (let at = 0; at < paths.length; at += 200)
      await git(own.repository.gitdir, 'hash-object', '-t', 'commit', '-w', ...paths.slice(at, at + 200));

    const request = { tip, known: [own.base], rules: { ...NOBODY, allowedSigners: file } };
    const { checked, unverified } = await own.source.verify(request, signal);

    expect(checked).toBe(1_000);
    expect(unverified.map(({ subject }) => subject)).toEqual(['change 500']);
  }, 120_000);

  it('fails closed without programs, and without the files of the operator', async () => {
    const tip = await world.commit({ parents: [base], sign: ada?.sign });
    const { path } = world.repository;
    await using none = await openSource({ location: path, gitCommand: null });
    await expect(none.source.verify({ tip, known: [], rules: RULES }, signal)).rejects.toMatchObject({
      code: 'GIT_NOT_INSTALLED',
      message: expect.stringContaining('signatures of commits are required'),
    });
    const rules = { ...RULES, allowedSigners: join(signers.directory, 'gone') };
    await expect(source.verify({ tip, known: [], rules }, signal)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
    });
    const empty = { ...RULES, keyring: await signers.write('empty.asc', '') };
    const pgp = await world.commit({ parents: [base], sign: pgpAda.sign });
    await expect(source.verify({ tip: pgp, known: [], rules: empty }, signal)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
    });
  });

  it('says which program is missing', async () => {
    const tip = await world.commit({ parents: [base], sign: ada?.sign, message: 'without programs' });
    const only = await mkdtemp(join(signers.directory, 'bin-'));
    await symlink(execFileSync('which', ['git'], { encoding: 'utf8' }).trim(), join(only, 'git'));
    const path = process.env['PATH'];
    process.env['PATH'] = only;
    try {
      await expect(source.verify({ tip, known: [], rules: RULES }, signal)).rejects.toMatchObject({
        code: 'GIT_NOT_INSTALLED',
        message: expect.stringContaining('no ssh-keygen'),
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('commits of the program itself', () => {
  it.each(['local', 'http'])('are signed, and count for every author: %s', async (kind) => {
    const repository = await createBareRepo();
    await using _ = repository;
    const server = kind === 'http' ? await startGitServer({ repository: repository.path }) : null;
    const base = await commitFiles(repository, { a: '1' }, 'first');
    const signingKey = join(signers.directory, `signing-${kind}`);
    await using opened = await openSource({ location: server?.url ?? repository.path, signingKey });
    const { source } = opened;
    await source.resolve(signal);
    const author = { name: 'Grace', email: 'grace@example.org' };
    const writes = [{ path: 'a', content: '2' }];

    const commit = await source.commit(
      { writes, message: 'over the API', author, expectedHead: base },
      signal,
    );

    const request = { tip: commit, known: [base], rules: NOBODY };
    expect(await source.verify(request, signal)).toEqual({ checked: 1, unverified: [] });
    const proposed = {
      branch: 'drift/a',
      base: commit,
      writes: [{ path: 'a', content: '3' }],
      message: 'drift',
      author,
    };
    const { commit: proposal } = await source.propose(proposed, signal);
    await moveBranch(repository, proposal);
    await source.resolve(signal);
    expect((await source.verify({ ...request, tip: proposal }, signal)).unverified).toEqual([]);
    // Others check it with the public key that stands beside the private one.
    const file = await signers.write(`own-${kind}`, `* ${await readFile(`${signingKey}.pub`, 'utf8')}`);
    await git(repository.gitdir, '-c', `gpg.ssh.allowedSignersFile=${file}`, 'verify-commit', commit);
    await git(repository.gitdir, 'fsck', '--strict');
    expect(opened.log.text()).toContain('ssh-ed25519');
    await server?.[Symbol.asyncDispose]();
  });
});
