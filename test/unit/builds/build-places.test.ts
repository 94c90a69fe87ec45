import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createRepositoryFetcher } from '../../../reconciler/adapters/git/fetcher.ts';
import { createSchemaCheck } from '../../../reconciler/config/schema-check.ts';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import { createQuietLogger } from '../../support/fakes/quiet-logger.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-builds-'));
afterAll(() => rmSync(directory, { recursive: true }));

const fetcher = createRepositoryFetcher({
  places: [
    { address: 'https://github.com/acme/' },
    { address: 'ssh://git@host/team' },
    { address: 'https://Git.example.org:8443', username: 'u', password: 'secret://env/P' },
  ],
  directory: join(directory, 'copies'),
  resolveSecret: (reference) => new Secret('x', reference),
  clock: createFastClock(),
  logger: createQuietLogger(),
});

describe('repositories that may be fetched', () => {
  it.each([
    ['https://github.com/acme/shop', 'https://github.com/acme/shop'],
    ['https://github.com/acme/shop.git/', 'https://github.com/acme/shop.git'],
    ['https://git.example.org:8443/any/where', 'https://git.example.org:8443/any/where'],
    ['git@host:team/shop', 'git@host:team/shop'],
    ['ssh://git@host/team/shop', 'ssh://git@host/team/shop'],
  ])('are below a place of the operator: %s', async (address, shown) => {
    expect(await fetcher.check(address)).toBe(shown);
  });

  it.each([
    'https://github.com/acme-inc/shop',
    'https://github.com/acme/../other/shop',
    'https://github.com/acme/%2e%2e/other',
    'https://github.com/acme%2Fshop',
    'https://github.com.evil.org/acme/shop',
    'https://github.com:444/acme/shop',
    'https://github.com/acme/shop?x=1',
    'http://github.com/acme/shop',
    'ssh://root@host/team/shop',
    'http://127.0.0.1/x',
    'http://169.254.169.254/latest',
    'https://git.example.org/x',
  ])('are none besides: %s', async (address) => {
    await expect(fetcher.check(address)).rejects.toMatchObject({
      code: 'BAD_OPTIONS',
      message: expect.stringContaining('builds.sources') as string,
    });
    await expect(fetcher.fetch(address, null, new AbortController().signal)).rejects.toThrow(
      'builds.sources',
    );
  });

  it.each([
    '/etc',
    'file:///etc',
    '../x',
    'ext::sh -c id',
    '-u',
    'https://github.com/acme/x\ny',
    '',
    'git://github.com/acme/x',
  ])('have an address: %j', async (address) => {
    await expect(fetcher.check(address)).rejects.toThrow('is no address of a repository');
  });

  it('have no credentials in it', async () => {
    const refused = fetcher.check('https://me:swordfish@github.com/acme/shop');
    await expect(refused).rejects.toThrow('leave credentials out of the address');
    await expect(refused).rejects.not.toThrow('swordfish');
  });
});

describe('builds of the operator’s configuration', () => {
  const check = createSchemaCheck();
  const read = (text: string) => {
    const path = join(directory, 'operator.yaml');
    writeFileSync(path, text);
    return readDaemonConfig(path, check).builds;
  };

  it('are none without a word', () => {
    expect(read('{}')).toBeNull();
  });

  it('name an engine and places', () => {
    const source = '{ url: "https://git.example.org/", username: ci, password: secret://env/GIT }';
    const text = `engines: { builder: { host: "ssh://root@builder" } }\nbuilds: { engine: builder, sources: ["https://github.com/acme/", ${source}], atOnce: 2 }\n`;
    expect(read(text)).toMatchObject({
      engine: { name: 'builder', kind: 'docker', connection: { type: 'ssh' } },
      atOnce: 2,
      timeoutMs: 1_800_000,
      places: [
        { address: 'https://github.com/acme/' },
        { address: 'https://git.example.org/', username: 'ci', password: 'secret://env/GIT' },
      ],
    });
    expect(read('builds: { engine: local, sources: ["ssh://git@host/"] }')).toMatchObject({
      engine: { connection: { type: 'local' } },
      atOnce: 1,
    });
  });

  it.each([
    ['{ engine: nowhere, sources: ["https://h/"] }', 'there is no engine "nowhere"'],
    ['{ sources: ["https://h/"] }', 'engine'],
    ['{ engine: local }', 'sources'],
    ['{ engine: local, sources: [] }', 'sources'],
    ['{ engine: local, sources: ["/srv/git"] }', 'beginning of an address'],
    ['{ engine: local, sources: ["file:///srv/git"] }', 'beginning of an address'],
    ['{ engine: local, sources: ["https://u:p@h/"] }', 'beginning of an address'],
    ['{ engine: local, sources: [{ url: "https://h/", password: plain }] }', 'secret reference'],
    ['{ engine: local, sources: ["https://h/"], atOnce: 99 }', 'atOnce'],
    ['{ engine: local, sources: ["https://h/"], node: x }', 'node'],
  ])('are refused: %s', (text, words) => {
    expect(() => read(`builds: ${text}\n`)).toThrow(words);
  });
});
