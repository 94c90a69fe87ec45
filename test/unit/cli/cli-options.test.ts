import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  gitCredentials,
  isRemoteLocation,
  parseCount,
  parseDuration,
  parseListen,
  readApiKey,
  userStateDirectory,
} from '../../../api/cli/options.ts';
import { findRepository } from '../../../api/cli/find-repository.ts';
import { wantsColor } from '../../../api/cli/terminal/terminal.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-options-'));
afterAll(() => rmSync(directory, { recursive: true }));

it.each([
  { text: '127.0.0.1:5260', host: '127.0.0.1', port: 5260 },
  { text: '5260', host: '127.0.0.1', port: 5260 },
  { text: ':5260', host: '127.0.0.1', port: 5260 },
  { text: '[::1]:80', host: '::1', port: 80 },
  { text: '*:80', host: '::', port: 80 },
  { text: 'localhost:0', host: 'localhost', port: 0 },
])('reads $text as an address', ({ text, host, port }) => {
  expect(parseListen(text)).toEqual({ host, port });
});

it.each(['', 'localhost', '1.2.3.4:', '1.2.3.4:99999', '::1:80', 'a b:1x'])(
  'refuses %j as an address',
  (text) => {
    expect(() => parseListen(text)).toThrow(/is not an address/);
  },
);

it.each([
  { text: '500ms', ms: 500 },
  { text: '30s', ms: 30_000 },
  { text: '30', ms: 30_000 },
  { text: '1.5m', ms: 90_000 },
  { text: '2h', ms: 7_200_000 },
])('reads $text as a duration', ({ text, ms }) => {
  expect(parseDuration(text, '--poll')).toBe(ms);
});

it('refuses what is no duration or count, naming the option', () => {
  expect(() => parseDuration('soon', '--poll')).toThrow('--poll: "soon" is not a duration');
  expect(() => parseCount('1.5', '--to')).toThrow('--to: "1.5" is not a whole number of at least 1');
  expect(() => parseCount('0', '--to')).toThrow('at least 1');
  expect(parseCount('0', '--tail', 0)).toBe(0);
});

it.each([
  { location: 'https://example.org/config.git', remote: true },
  { location: 'git@example.org:team/config.git', remote: true },
  { location: 'ssh://git@example.org/config.git', remote: true },
  { location: '/srv/config.git', remote: false },
  { location: './a:b', remote: false },
  { location: '.', remote: false },
])('takes $location for remote: $remote', ({ location, remote }) => {
  expect(isRemoteLocation(location)).toBe(remote);
});

describe('findRepository', () => {
  const make = (...names: readonly string[]): string => {
    const path = join(directory, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  };

  it('looks upwards, as Git does', () => {
    const root = join(make('work', '.git'), '..');
    expect(findRepository(make('work', 'kombinations', 'a'))).toBe(root);
    expect(findRepository(root)).toBe(root);
    for (const part of ['objects', 'refs', 'HEAD']) make('config.git', part);
    expect(findRepository(make('config.git', 'hooks'))).toBe(join(directory, 'config.git'));
  });

  it('leaves the path of a directory that is in none', () => {
    const path = make('plain', 'HEAD');
    expect(findRepository(path)).toBe(path);
  });

  it('finds a linked work tree by its file', () => {
    writeFileSync(join(make('linked'), '.git'), 'gitdir: elsewhere\n');
    expect(findRepository(make('linked', 'x'))).toBe(join(directory, 'linked'));
  });
});

describe('userStateDirectory', () => {
  const env = { HOME: '/home/me' };

  it('is one per repository, the same whichever way the path is written', () => {
    symlinkSync(directory, join(directory, 'link'));
    expect(userStateDirectory(join(directory, 'link'), env)).toBe(userStateDirectory(directory, env));
    expect(userStateDirectory(directory, env)).not.toBe(userStateDirectory('/elsewhere', env));
    expect(userStateDirectory('https://example.org/a.git/', env)).toBe(
      userStateDirectory('https://example.org/a.git', env),
    );
  });

  it('is one per directory that is read of it', () => {
    const [whole, home, work] = ['', 'deploy/home', 'deploy/work'].map((path) =>
      userStateDirectory(directory, env, path),
    );
    expect(new Set([whole, home, work]).size).toBe(3);
    expect(userStateDirectory(directory, env)).toBe(whole);
    expect(userStateDirectory(directory, env, './deploy/home/')).toBe(home);
  });

  it('lives in the place for state, never in a checkout', () => {
    expect(userStateDirectory(directory, env)).toMatch(
      /^\/home\/me\/\.local\/state\/kombinator\/[0-9a-f]{16}$/,
    );
    expect(userStateDirectory(directory, { XDG_STATE_HOME: '/state' })).toMatch(/^\/state\/kombinator\//);
  });
});

it('takes Git credentials from the environment', () => {
  expect(gitCredentials({})).toBeUndefined();
  expect(gitCredentials({ KOMBINATOR_GIT_TOKEN: 't', KOMBINATOR_GIT_PASSWORD: 'p' })).toEqual({ token: 't' });
  expect(gitCredentials({ KOMBINATOR_GIT_USERNAME: 'u', KOMBINATOR_GIT_PASSWORD: 'p' })).toEqual({
    username: 'u',
    password: 'p',
  });
  expect(() => gitCredentials({ KOMBINATOR_GIT_USERNAME: 'u' })).toThrow('without KOMBINATOR_GIT_PASSWORD');
});

it('reads an API key from a file without its line end', () => {
  writeFileSync(join(directory, 'key'), 'kbn_abc\n');
  expect(readApiKey({ apiKeyFile: join(directory, 'key') })).toBe('kbn_abc');
  expect(readApiKey({ apiKey: 'direct', apiKeyFile: join(directory, 'missing') })).toBe('direct');
  expect(() => readApiKey({ apiKeyFile: join(directory, 'missing') })).toThrow(
    'cannot read the API key file',
  );
});

it.each([
  { env: {}, isTerminal: true, option: true, color: true },
  { env: {}, isTerminal: false, option: true, color: false },
  { env: { NO_COLOR: '1' }, isTerminal: true, option: true, color: false },
  { env: { NO_COLOR: '' }, isTerminal: true, option: true, color: true },
  { env: { FORCE_COLOR: '1' }, isTerminal: false, option: true, color: true },
  { env: { FORCE_COLOR: '0' }, isTerminal: true, option: true, color: false },
  { env: { FORCE_COLOR: '1' }, isTerminal: true, option: false, color: false },
])(
  'colours: $color for $env, terminal $isTerminal, --color $option',
  ({ env, isTerminal, option, color }) => {
    expect(wantsColor(env, isTerminal, option)).toBe(color);
  },
);
