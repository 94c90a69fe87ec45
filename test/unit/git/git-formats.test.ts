import { describe, expect, it } from 'vitest';
import type { BatchObject } from '../../../reconciler/adapters/git/repository/cat-file.ts';
import { createBatchParser } from '../../../reconciler/adapters/git/repository/cat-file.ts';
import { parseLocation } from '../../../reconciler/adapters/git/location.ts';
import {
  formatCommit,
  formatTag,
  parseCommit,
  parseTag,
  readTagged,
} from '../../../reconciler/adapters/git/repository/objects.ts';
import { formatPacket, readPackets } from '../../../reconciler/adapters/git/remote/pkt-line.ts';
import { isRefName } from '../../../reconciler/adapters/git/repository/refs.ts';
import { parseSshAddress } from '../../../reconciler/adapters/git/remote/ssh-listing.ts';
import { buildSshCommand } from '../../../reconciler/adapters/git/remote/ssh-transport.ts';
import { judgeRejection } from '../../../reconciler/adapters/git/remote/transport.ts';
import { splitPath } from '../../../reconciler/adapters/git/repository/tree-edit.ts';

const ID = 'a'.repeat(40);

describe('parseLocation', () => {
  it.each([
    ['/srv/config.git', 'local', '/srv/config.git'],
    ['file:///srv/my%20config', 'local', '/srv/my config'],
    ['https://git.example.org/team/config.git', 'http', 'https://git.example.org/team/config.git'],
    ['http://ada:p%40ss@git.example.org:3000/c/', 'http', 'http://git.example.org:3000/c'],
    ['ssh://git@example.org:2222/c.git', 'ssh', 'ssh://git@example.org:2222/c.git'],
    ['ssh://git:pw@example.org/c.git', 'ssh', 'ssh://git@example.org/c.git'],
    ['git@example.org:team/c.git', 'ssh', 'git@example.org:team/c.git'],
    ['forge:team/c.git', 'ssh', 'forge:team/c.git'],
    ['/srv/with:colon', 'local', '/srv/with:colon'],
  ])('%s is %s', (text, kind, address) => {
    expect(parseLocation(text)).toMatchObject({ kind, address });
  });

  it('takes credentials out of the address', () => {
    const location = parseLocation('http://ada:p%40ss@git.example.org/c');

    expect(JSON.stringify(location)).not.toContain('p@ss');
    expect(location.kind === 'http' && location.credentials).toMatchObject({ username: 'ada' });
  });

  it('takes credentials with a bare percent sign as they stand', () => {
    const location = parseLocation('http://a%da:p%@git.example.org/c');

    expect(location.kind === 'http' && location.credentials).toMatchObject({ username: 'a%da' });
  });

  it.each([
    '',
    'ftp://x/y',
    'https://',
    'ssh://-oProxyCommand=x/y',
    '-oProxyCommand=x:y',
    'git@-x:y',
    'file:///%zz',
    'file:///a%2fb',
    'file://other/srv/git',
  ])('refuses %j', (text) => {
    expect(() => parseLocation(text)).toThrow(expect.objectContaining({ code: 'BAD_OPTIONS' }));
  });

  it('shows no password of an address it refuses', () => {
    expect(() => parseLocation('ftp://ada:hunter2@x/y')).toThrow(/^(?!.*hunter2)/);
  });
});

describe('commits and tags', () => {
  const identity = { name: 'Grace', email: 'grace@example.org' };

  it('come back as they were written', () => {
    const commit = {
      tree: ID,
      parent: 'b'.repeat(40),
      author: identity,
      committer: identity,
      time: 1_700_000_000,
    };

    expect(parseCommit(formatCommit({ ...commit, message: 'Subject\n\nBody ü' }))).toEqual({
      tree: ID,
      parents: ['b'.repeat(40)],
      author: identity,
      time: 1_700_000_000,
      message: 'Subject\n\nBody ü\n',
    });
    const tag = { object: ID, name: 'deploy/web/1', tagger: identity, time: 5, message: 'm' };
    expect(parseTag(formatTag(tag))).toEqual({
      object: ID,
      type: 'commit',
      name: tag.name,
      time: 5,
      message: 'm\n',
    });
  });

  it('cannot be forged by the name of the author', () => {
    const author = { name: 'Eve\ncommitter Root <root@x> 1 +0000', email: 'e>\nparent x' };
    const text = formatCommit({
      tree: ID,
      parent: ID,
      author,
      committer: identity,
      time: 1,
      message: 'm',
    }).toString();

    expect(text.split('\n').map((line) => line.split(' ')[0])).toEqual([
      'tree',
      'parent',
      'author',
      'committer',
      '',
      'm',
      '',
    ]);
    expect(parseCommit(Buffer.from(text)).author.name).toBe('Eve committer Root root@x 1 +0000');
  });

  it('are read with signatures and without a message', () => {
    const signed = `tree ${ID}\nauthor A <a@x> 1 +0100\ncommitter C <c@x> 7 -0200\ngpgsig -----BEGIN\n line\n -----END\n\nhi\n`;

    expect(parseCommit(Buffer.from(signed))).toMatchObject({ time: 7, message: 'hi\n', parents: [] });
    expect(parseCommit(Buffer.from(`tree ${ID}\nauthor A <> 1 +0000\n`)).message).toBe('');
  });
});

describe('objects that somebody has written by hand', () => {
  it('have no time that is none', () => {
    const commit = `tree ${ID}\nauthor A <> 1 +0000\ncommitter A <> 99999999999999999999 +0000\n\nhi\n`;
    const tag = `object ${ID}\ntype commit\ntag x\ntagger A <> 8640000000001 +0000\n\nhi\n`;
    expect(parseCommit(Buffer.from(commit)).time).toBe(0);
    expect(parseTag(Buffer.from(tag)).time).toBe(0);
  });

  it('are nothing behind a tag', () => {
    expect(readTagged('tag', Buffer.from('object x\n\nhi\n'))).toBeNull();
    expect(readTagged('commit', Buffer.from('author A <> 1 +0000\n\nhi\n'))).toBeNull();
    expect(readTagged('blob', Buffer.from('x'))).toBeNull();
  });
});

describe('createBatchParser', () => {
  const output = Buffer.from(
    `${ID} blob 5\nhe\nlo\n${'b'.repeat(40)} missing\n${'c'.repeat(40)} blob 0\n\n${'d'.repeat(40)} tree 9\n123456789\n`,
  );

  it.each([1, 2, 7, 43, 1000])('understands output that comes in pieces of %i bytes', (size) => {
    const objects: BatchObject[] = [];
    const parse = createBatchParser(
      () => 8,
      (object) => void objects.push(object),
    );

    for (let at = 0; at < output.length; at += size) parse(output.subarray(at, at + size));

    expect(objects.map(({ type, size, content }) => [type, size, content?.toString() ?? null])).toEqual([
      ['blob', 5, 'he\nlo'],
      [null, 0, null],
      ['blob', 0, ''],
      ['tree', 9, null],
    ]);
  });

  it('gives content that keeps nothing else in memory', () => {
    const objects: BatchObject[] = [];
    const parse = createBatchParser(
      () => 8,
      (object) => void objects.push(object),
    );

    parse(output);

    expect(objects.map(({ content }) => content?.buffer.byteLength)).toEqual([5, undefined, 0, undefined]);
  });
});

describe('packet lines', () => {
  async function collect(chunks: readonly string[]): Promise<(string | null)[]> {
    const packets: (string | null)[] = [];
    const stream = (async function* () {
      for (const chunk of chunks) yield Buffer.from(chunk);
    })();
    for await (const packet of readPackets(stream)) packets.push(packet?.toString() ?? null);
    return packets;
  }

  it('are read across pieces', async () => {
    expect(formatPacket('hello\n').toString()).toBe('000ahello\n');
    expect(await collect(['000', 'ahel', 'lo\n00', '000005x0004'])).toEqual(['hello\n', null, 'x', '']);
  });

  it.each([['zzzz'], ['0003']])('are refused when they are %j', async (text) => {
    await expect(collect([text])).rejects.toMatchObject({ code: 'GIT_ERROR' });
  });

  it('are asked for again when the last one is cut short', async () => {
    await expect(collect(['000ahell'])).rejects.toMatchObject({
      code: 'REPOSITORY_UNREACHABLE',
      retryable: true,
    });
  });
});

describe('names', () => {
  it.each(['deploy/web/1', 'main', 'team/prod-1.x'])('%s can be a ref', (name) => {
    expect(isRefName(name)).toBe(true);
  });

  it.each([
    '',
    'a b',
    '../x',
    'a..b',
    '/a',
    'a/',
    'a//b',
    '.a',
    'a/.b',
    'x.lock',
    'a~1',
    'a^',
    'a:b',
    '-a',
    'a@{1}',
    'a\n',
  ])('%j cannot be a ref', (name) => {
    expect(isRefName(name)).toBe(false);
  });

  it('paths stay inside the repository', () => {
    expect(splitPath('a/b c/ü')).toEqual(['a', 'b c', 'ü']);
    for (const path of ['/a', 'a/', '../a', 'a/./b', '.Git/x', 'a\\b', 'a\0b']) {
      expect(() => splitPath(path), path).toThrow(expect.objectContaining({ code: 'GIT_ERROR' }));
    }
  });
});

describe('judgeRejection', () => {
  it.each([
    ['[rejected] (fetch first)', 'conflict'],
    ['[rejected] (stale info)', 'conflict'],
    ['non-fast-forward', 'conflict'],
    ['failed to update ref', 'conflict'],
    ['[remote rejected] (pre-receive hook declined)', 'refused'],
    ['protected branch hook declined', 'refused'],
  ])('%s is a %s', (reason, outcome) => {
    expect(judgeRejection('refs/heads/main', reason).outcome).toBe(outcome);
  });
});

describe('parseSshAddress', () => {
  it.each([
    ['ssh://git@host/team/config.git', { host: 'git@host', port: null, path: '/team/config.git' }],
    ['ssh://host:2222/~ada/my%20config', { host: 'host', port: '2222', path: '~ada/my config' }],
    ['ssh://ada@[::1]:22/config', { host: 'ada@::1', port: '22', path: '/config' }],
    ['git@host:team/config.git', { host: 'git@host', port: null, path: 'team/config.git' }],
    ['[host:2222]:config', { host: 'host', port: '2222', path: 'config' }],
    ['git@[::1]:/srv/config', { host: 'git@::1', port: null, path: '/srv/config' }],
  ])('reads %s as Git does', (address, place) => {
    expect(parseSshAddress(address)).toEqual(place);
  });
});

describe('buildSshCommand', () => {
  it('never asks, keeps the command of the user, and quotes file names for the shell', () => {
    const files = { identityFile: "/keys/it's mine", knownHostsFile: '/known hosts' };
    const command = buildSshCommand(files, 'ssh -J jump');

    expect(command).toBe(
      String.raw`ssh -J jump -o BatchMode=yes -o ConnectTimeout=15 -o IdentitiesOnly=yes -i '/keys/it'\''s mine' -o 'UserKnownHostsFile=/known hosts'`,
    );
  });
});
