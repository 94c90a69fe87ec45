import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { createDesiredState } from '../../../reconciler/desired/desired-state.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { Source } from '../../../reconciler/ports/source.ts';
import { checkSchema, createFixedSecrets } from '../../support/desired-fixtures.ts';
import type { TestContent, TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createBareRepo, git } from '../../support/git/git-repo.ts';
import { startGitServer } from '../../support/git/git-server.ts';
import { openSource, realClock } from '../../support/git/git-sources.ts';
import { startSshServer } from '../../support/git/git-ssh-server.ts';

const signal = new AbortController().signal;

/** Another bare repository beside the first one, where a relative URL finds it. */
async function createBeside(repo: TestRepository, name: string): Promise<{ readonly gitdir: string }> {
  const gitdir = join(dirname(repo.path), `${name}.git`);
  await git(dirname(repo.path), 'init', '--quiet', '--bare', '--initial-branch=main', gitdir);
  return { gitdir };
}

function naming(modules: Readonly<Record<string, string>>): Record<string, string> {
  const sections = Object.entries(modules).map(
    ([path, url]) => `[submodule "${path}"]\n\tpath = ${path}\n\turl = ${url}\n`,
  );
  return { '.gitmodules': sections.join('') };
}

/** Takes one object out of a mirror, as a disk may. */
async function loseObject(mirror: string, id: string): Promise<void> {
  const packs = join(mirror, 'objects', 'pack');
  const aside = join(mirror, 'aside');
  await rename(packs, aside);
  await mkdir(packs);
  for (const name of await readdir(aside)) {
    if (!name.endsWith('.pack')) continue;
    const command = `git --git-dir='${mirror}' unpack-objects -q < '${join(aside, name)}'`;
    await promisify(execFile)('sh', ['-c', command]);
  }
  await rm(join(mirror, 'objects', id.slice(0, 2), id.slice(2)), { force: true });
}

/** `path` of a file, `path: reason` of a submodule without its files. */
async function listAt(source: Source, commit: string): Promise<readonly string[]> {
  const changes = await source.diffWithModules(null, commit, signal);
  return changes.map(({ path, after }) =>
    after?.type === 'submodule' ? `${path}: ${after.reason ?? 'not fetched'}` : path,
  );
}

async function contentAt(source: Source, commit: string, path: string): Promise<string> {
  const changes = await source.diffWithModules(null, commit, signal);
  const blob = changes.find((change) => change.path === path)?.after?.blob ?? '';
  for await (const { content } of source.readBlobs([blob], 1_000, signal))
    expect(Buffer.from(content ?? '').equals(await source.readBlob(blob))).toBe(true);
  return Buffer.from(await source.readBlob(blob)).toString();
}

const head = async (source: Source) => (await source.resolve(signal)).commit;

describe('submodules', () => {
  it('are read at the commit that is pinned, wherever branches have gone, and change as it moves', async () => {
    await using repo = await createBareRepo();
    const lib = await createBeside(repo, 'lib');
    const first = await commitFiles(lib, { 'a.conf': 'one', 'dir/b': 'b' }, 'one');
    const second = await commitFiles(lib, { 'a.conf': 'two' }, 'two');
    await commitFiles(lib, { 'a.conf': 'three', c: 'c' }, 'three');
    const files = { ...naming({ 'x/sub': '../lib.git' }), 'x/own': 'own' };
    await commitFiles(repo, { ...files, 'x/sub': { submodule: first } }, 'pin');
    const credentials = { username: 'ada', password: new Secret('hunter2', 'test') };
    const auth = { username: 'ada', password: 'hunter2' };
    await using server = await startGitServer({ repository: repo.path, auth });
    const fetchSubmodules = [`${new URL(server.url).origin}/`];
    await using opened = await openSource({ location: server.url, credentials, fetchSubmodules });
    const { source } = opened;
    const pinned = await head(source);
    expect(await listAt(source, pinned)).toEqual(['.gitmodules', 'x/own', 'x/sub/a.conf', 'x/sub/dir/b']);
    expect(await contentAt(source, pinned, 'x/sub/a.conf')).toBe('one');
    expect(await contentAt(source, pinned, 'x/own')).toBe('own');
    expect(source.isIncomplete(pinned)).toBe(false);

    const moved = await commitFiles(repo, { 'x/sub': { submodule: second } }, 'move');
    await source.resolve(signal);
    expect((await source.diffWithModules(pinned, moved, signal)).map(({ path }) => path)).toEqual([
      'x/sub/a.conf',
    ]);
    expect(await contentAt(source, moved, 'x/sub/a.conf')).toBe('two');
    // Writes start from the repository's own files.
    expect((await source.diff(pinned, moved, signal)).map(({ path }) => path)).toEqual(['x/sub']);

    const refused = {
      writes: [{ path: 'x/sub/a.conf', content: '' }],
      message: '',
      author: { name: '', email: '' },
    };
    await expect(source.commit({ ...refused, expectedHead: moved }, signal)).rejects.toThrow(
      'x/sub is a Git submodule: its files are changed in its own repository',
    );

    const gone = await commitFiles(repo, { 'x/sub': null, '.gitmodules': null }, 'remove');
    await source.resolve(signal);
    expect(
      (await source.diffWithModules(moved, gone, signal)).map(({ path, after }) => [path, after]),
    ).toEqual([
      ['.gitmodules', null],
      ['x/sub/a.conf', null],
      ['x/sub/dir/b', null],
    ]);

    const asked = server.requests.length;
    await using again = await openSource({
      location: server.url,
      credentials,
      fetchSubmodules,
      cacheDir: opened.cacheDir,
    });
    expect(await contentAt(again.source, pinned, 'x/sub/a.conf')).toBe('one');
    expect(server.requests.slice(asked).filter((request) => request.includes('/lib.git'))).toEqual([]);
  });

  it('are not fetched by default, and only from places that are allowed', async () => {
    await using repo = await createBareRepo();
    const lib = await createBeside(repo, 'lib');
    const pinned = await commitFiles(lib, { a: 'a' }, 'lib');
    const files: Record<string, TestContent> = {
      ...naming({ sub: '../lib.git', run: 'ext::sh -c "touch /tmp/ran"', local: lib.gitdir }),
      sub: { submodule: pinned },
      run: { submodule: pinned },
      local: { submodule: pinned },
      unnamed: { submodule: pinned },
    };
    const commit = await commitFiles(repo, files, 'pin');
    await using server = await startGitServer({ repository: repo.path });
    await using off = await openSource({ location: server.url });
    await head(off.source);
    expect(await listAt(off.source, commit)).toEqual([
      '.gitmodules',
      'local: not fetched',
      'run: not fetched',
      'sub: not fetched',
      'unnamed: not fetched',
    ]);
    await using elsewhere = await openSource({ location: server.url, fetchSubmodules: ['https://h/'] });
    await head(elsewhere.source);
    const below = 'is not below a place that submodules are fetched from';
    expect(await listAt(elsewhere.source, commit)).toEqual([
      '.gitmodules',
      `local: ${lib.gitdir} ${below}`,
      `run: ext::sh -c touch /tmp/ran ${below}`,
      `sub: ${server.url.replace('config', 'lib')} ${below}`,
      'unnamed: .gitmodules does not say where it is',
    ]);
    expect(elsewhere.source.isIncomplete(commit)).toBe(false);
    expect(server.requests.filter((request) => request.includes('/lib.git'))).toEqual([]);
  });

  it('are not told the credentials of the config repository on another host, and follow no redirect', async () => {
    await using repo = await createBareRepo();
    const seen: (string | undefined)[] = [];
    const other = createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.writeHead(302, { location: 'http://169.254.0.1/' }).end();
    });
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    try {
      const place = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
      const files = { ...naming({ sub: `${place}lib.git` }), sub: { submodule: 'c'.repeat(40) } };
      const commit = await commitFiles(repo, files, 'pin');
      const auth = { username: 'ada', password: 'hunter2' };
      await using server = await startGitServer({ repository: repo.path, auth });
      const location = server.url.replace('//', '//ada:hunter2@');
      await using opened = await openSource({ location, fetchSubmodules: [place] });
      await head(opened.source);
      expect((await listAt(opened.source, commit))[1]).toMatch(/^sub: it cannot be fetched: .*has moved/);
      expect(seen.length).toBeGreaterThan(0);
      expect(seen.filter((header) => header !== undefined)).toEqual([]);
    } finally {
      other.close();
    }
  });

  it('that cannot be had are tried again after a while, and keep nothing else from being read', async () => {
    await using repo = await createBareRepo();
    await using lib = await createBareRepo();
    const pinned = await commitFiles(lib, { a: 'a' }, 'lib');
    await using server = await startGitServer({ repository: lib.path });
    const files = { ...naming({ sub: server.url }), sub: { submodule: pinned }, own: 'own' };
    const commit = await commitFiles(repo, files, 'pin');
    let later = 0;
    const clock = { ...realClock, elapsed: () => performance.now() + later };
    await server.stop();
    await using opened = await openSource({ location: repo.path, fetchSubmodules: [server.url], clock });
    const { source } = opened;
    const listed = await listAt(source, commit);
    expect(listed.slice(0, 2)).toEqual(['.gitmodules', 'own']);
    expect(listed[2]).toMatch(/^sub: it cannot be fetched: .*ECONNREFUSED/);
    await server.start();
    expect(source.isIncomplete(commit)).toBe(false);
    expect(await source.diffWithModules(commit, commit, signal)).toEqual([]);
    later = 61_000;
    expect(source.isIncomplete(commit)).toBe(true);
    const changes = await source.diffWithModules(commit, commit, signal);
    expect(changes.map(({ path, before, after }) => [path, before?.type, after?.type])).toEqual([
      ['sub', 'submodule', undefined],
      ['sub/a', undefined, 'file'],
    ]);
    expect(source.isIncomplete(commit)).toBe(false);
  });

  it('say that the commit is nowhere, as when it was never pushed', async () => {
    await using repo = await createBareRepo();
    const lib = await createBeside(repo, 'lib');
    await commitFiles(lib, { a: 'a' }, 'lib');
    const missing = 'c'.repeat(40);
    const commit = await commitFiles(
      repo,
      { ...naming({ sub: '../lib' }), sub: { submodule: missing } },
      'pin',
    );
    await using server = await startGitServer({ repository: repo.path });
    const parent = server.url.replace(/config.*/, '');
    await using remote = await openSource({ location: server.url, fetchSubmodules: [parent] });
    await head(remote.source);
    await using local = await openSource({ location: repo.path, fetchSubmodules: [dirname(repo.path)] });
    for (const { source } of [remote, local])
      expect((await listAt(source, commit))[1]).toMatch(
        /no branch and no tag leads to the commit cccccccccccc/,
      );
  });

  it('may have submodules of their own', async () => {
    await using repo = await createBareRepo();
    const [lib, inner] = [await createBeside(repo, 'lib'), await createBeside(repo, 'inner')];
    const deep = await commitFiles(inner, { deep: 'deep' }, 'inner');
    const pinned = await commitFiles(
      lib,
      { ...naming({ in: '../inner' }), in: { submodule: deep }, a: 'a' },
      'lib',
    );
    const commit = await commitFiles(
      repo,
      { ...naming({ sub: '../lib' }), sub: { submodule: pinned } },
      'pin',
    );
    await using opened = await openSource({ location: repo.path, fetchSubmodules: [dirname(repo.path)] });
    expect(await listAt(opened.source, commit)).toEqual([
      '.gitmodules',
      'sub/.gitmodules',
      'sub/a',
      'sub/in/deep',
    ]);
    expect(await contentAt(opened.source, commit, 'sub/in/deep')).toBe('deep');
  });

  it('come over ssh, too', async () => {
    await using repo = await createBareRepo();
    await using server = await startSshServer();
    const lib = await createBeside(repo, 'lib');
    const pinned = await commitFiles(lib, { a: 'one' }, 'one');
    await commitFiles(lib, { a: 'two' }, 'two');
    const commit = await commitFiles(
      repo,
      { ...naming({ sub: '../lib.git' }), sub: { submodule: pinned } },
      'pin',
    );
    const { identityFile, knownHostsFile } = server;
    const ssh = { identityFile, knownHostsFile };
    const location = `${server.url}${repo.path}`;
    await using opened = await openSource({ location, ssh, fetchSubmodules: [dirname(location)] });
    await head(opened.source);
    expect(await contentAt(opened.source, commit, 'sub/a')).toBe('one');
  });

  it('are what a stack needs, or an error at the line that needs them', async () => {
    await using repo = await createBareRepo();
    const lib = await createBeside(repo, 'lib');
    const pinned = await commitFiles(
      lib,
      { 'f.conf': 'conf', 'extra.yaml': 'services: { b: { image: a } }\n' },
      'lib',
    );
    const files: Record<string, TestContent> = {
      ...naming({ 'kombinations/s/sub': '../lib' }),
      'kombinations/s/sub': { submodule: pinned },
      'kombinations/s/kombination.yaml':
        'version: "1.0"\nmeta: { name: s }\ncompose: [compose.yaml, sub/extra.yaml]\n',
      'kombinations/s/compose.yaml': 'services: { a: { image: a, volumes: ["./sub/f.conf:/f.conf:ro"] } }\n',
    };
    const commit = await commitFiles(repo, files, 'pin');
    const load = async (fetchSubmodules: readonly string[]) => {
      const opened = await openSource({ location: repo.path, fetchSubmodules });
      const { source } = opened;
      const state = createDesiredState({ source, secrets: createFixedSecrets(), checkSchema });
      await state.load(await source.lookup(commit), signal);
      return { stack: state.get('s'), [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose]() };
    };
    await using whole = await load([dirname(repo.path)]);
    expect(whole.stack?.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(whole.stack?.resources.map(({ name }) => name)).toEqual(expect.arrayContaining(['a', 'b']));
    await using without = await load(['/nowhere/']);
    expect(without.stack?.diagnostics).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: 'CONTENT_ELSEWHERE',
          file: 'kombinations/s/kombination.yaml',
          line: 3,
          message: `kombinations/s/sub/extra.yaml is in the Git submodule kombinations/s/sub, and ${join(dirname(repo.path), 'lib')} is not below a place that submodules are fetched from`,
        }),
      ]),
    );
  });

  it('are fetched anew where their mirror is damaged', async () => {
    await using repo = await createBareRepo();
    const lib = await createBeside(repo, 'lib');
    const pinned = await commitFiles(lib, { a: 'a', 'dir/b': 'b' }, 'lib');
    const files = { ...naming({ sub: '../lib' }), sub: { submodule: pinned } };
    const commit = await commitFiles(repo, files, 'pin');
    await using server = await startGitServer({ repository: repo.path });
    const options = { location: server.url, fetchSubmodules: [new URL(server.url).origin] };
    await using first = await openSource(options);
    await head(first.source);
    const whole = ['.gitmodules', 'sub/a', 'sub/dir/b'];
    expect(await listAt(first.source, commit)).toEqual(whole);
    const modules = join(first.cacheDir, 'modules');
    const [mirror = ''] = await readdir(modules);
    const tree = await git(lib.gitdir, 'rev-parse', `${pinned}:dir`);
    await loseObject(join(modules, mirror), tree);
    let later = 0;
    const clock = { ...realClock, elapsed: () => performance.now() + later };
    await using again = await openSource({ ...options, cacheDir: first.cacheDir, clock });
    expect((await listAt(again.source, commit))[1]).toMatch(/^sub: it cannot be fetched/);
    later = 61_000;
    expect(await listAt(again.source, commit)).toEqual(whole);
  });

  it('are let in by an option of the command, or by its variable', async () => {
    await using repo = await createBareRepo();
    const lib = await createBeside(repo, 'lib');
    const pinned = await commitFiles(lib, { 'compose.yaml': 'services: { a: { image: a } }\n' }, 'lib');
    const files: Record<string, TestContent> = {
      ...naming({ 'kombinations/s/sub': '../lib' }),
      'kombinations/s/sub': { submodule: pinned },
      'kombinations/s/kombination.yaml': 'version: "1.0"\nmeta: { name: s }\ncompose: sub/compose.yaml\n',
    };
    await commitFiles(repo, files, 'pin');
    const place = dirname(repo.path);
    await using cli = await createCliProcess({});
    const refused = await cli.run('validate', '--repo', repo.path);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stdout + refused.stderr).toContain('--fetch-submodules');
    expect(await cli.run('validate', '--repo', repo.path, '--fetch-submodules', place)).toMatchObject({
      code: 0,
    });
    await using other = await createCliProcess({ KOMBINATOR_FETCH_SUBMODULES: `/nowhere ${place}` });
    expect(await other.spawn('validate', '--repo', repo.path)).toMatchObject({ code: 0 });
  });
});
