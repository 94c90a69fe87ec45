import { describe, expect, it } from 'vitest';
import type { AdoptionDraft, AdoptionRequest } from '../../../reconciler/ports/adopt/adoption-draft.ts';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import { projectOf, readFrom, sealForTest } from '../../support/fakes/adopt/host.ts';

/* Files that describe a project that runs: what is content, what data, what a secret, and what is left out. */

interface Given {
  /** Below `/srv/shop`. */
  readonly files: Readonly<Record<string, string>>;
  readonly services?: readonly string[];
  readonly more?: Partial<AdoptionRequest>;
}

async function draft({ files, services = ['web'], more = {} }: Given): Promise<AdoptionDraft> {
  const { state } = createDesiredFixture();
  const there = Object.entries(files).map(([path, text]) => [
    path.startsWith('/') ? path : `/srv/shop/${path}`,
    text,
  ]);
  return state.draftAdoption({
    project: projectOf(services),
    stack: 'shop',
    node: null,
    read: readFrom(Object.fromEntries(there)),
    describe: () => Promise.reject(new Error('its files are there')),
    seal: sealForTest,
    ...more,
  });
}

const textsOf = ({ writes }: AdoptionDraft): Readonly<Record<string, string>> =>
  Object.fromEntries(
    writes.map(({ path, content }) => [
      path.replace('kombinations/shop/', ''),
      typeof content === 'string' ? content : new TextDecoder().decode(content ?? undefined),
    ]),
  );

const notesOf = ({ notes }: AdoptionDraft) => notes.map(({ kind, path }) => `${kind}: ${path}`);

const serviceWith = (lines: string) => `services: { web: { image: nginx, ${lines} } }\n`;

describe('a draft', () => {
  it('has the files as they are, and a kombination that says whose the containers are', async () => {
    const compose = serviceWith('ports: ["80"]');
    const found = await draft({ files: { 'compose.yaml': compose } });
    expect(found.file).toBe('kombinations/shop/kombination.yaml');
    expect(textsOf(found)).toEqual({
      'kombination.yaml':
        'version: "1.0"\nmeta:\n  name: shop\ncompose: compose.yaml\nadopts:\n  project: shop\n  services:\n    - web\ndata_dir: /srv/shop\n',
      'compose.yaml': compose,
    });
  });

  it('names its node, and every Compose file, those of elsewhere by their name', async () => {
    const files = {
      'compose.yaml': serviceWith(''),
      '/etc/over.yaml': 'services: { web: { init: true } }\n',
    };
    const project = projectOf(['web'], { files: ['/srv/shop/compose.yaml', '/etc/over.yaml'] });
    const texts = textsOf(await draft({ files, more: { project, node: 'edge' } }));
    expect(Object.keys(texts).sort()).toEqual(['compose.yaml', 'kombination.yaml', 'over.yaml']);
    expect(texts['kombination.yaml']).toContain(
      'nodes:\n  - name: edge\ncompose:\n  - compose.yaml\n  - over.yaml\n',
    );
  });

  it.each([
    {
      what: 'a file that is mounted :ro is content',
      mounts: '["./app.conf:/etc/app.conf:ro"]',
      files: { 'app.conf': 'a = 1\n' },
      notes: ['content: app.conf', 'content: compose.yaml'],
    },
    {
      what: 'a small directory that is mounted :ro is content',
      mounts: '["./www:/www:ro"]',
      files: { 'www/a.html': 'a', 'www/b/c.html': 'c' },
      notes: ['content: compose.yaml', 'content: www/a.html', 'content: www/b/c.html'],
    },
    {
      what: 'a large one is data',
      mounts: '["./films:/films:ro"]',
      files: { 'films/a.mkv': '#5000000' },
      notes: ['content: compose.yaml', 'data: films'],
    },
    {
      what: 'one with a private key is data',
      mounts: '["./certs:/certs:ro"]',
      files: { 'certs/tls.key': '-----BEGIN PRIVATE KEY-----\n' },
      notes: ['data: certs', 'content: compose.yaml'],
    },
    {
      what: 'what a container may write to is data',
      mounts: '["./data:/data", "./library:/library"]',
      files: { 'data/db': 'live', 'library/a': 'a' },
      notes: ['content: compose.yaml', 'data: data', 'data: library'],
    },
    {
      what: 'what is not there is data',
      mounts: '["./later:/later:ro"]',
      files: {},
      notes: ['content: compose.yaml', 'data: later'],
    },
  ])('$what', async ({ mounts, files, notes }) => {
    const found = await draft({ files: { 'compose.yaml': serviceWith(`volumes: ${mounts}`), ...files } });
    expect(notesOf(found)).toEqual(notes);
    const data = notes.filter((note) => note.startsWith('data: ')).map((note) => `/${note.slice(6)}\n`);
    const ignored = textsOf(found)['.gitignore'];
    if (data.length === 0) expect(ignored).toBeUndefined();
    else for (const line of data) expect(ignored).toContain(line);
  });

  it('takes what files name: env files, files that are extended, what an image is built from', async () => {
    const found = await draft({
      files: {
        'compose.yaml':
          'services: { web: { build: ./app, env_file: web.env, extends: { file: base.yaml, service: base } } }\n',
        'web.env': 'A=b\n',
        'base.yaml': 'services: { base: { init: true } }\n',
        'app/Dockerfile': 'FROM nginx\n',
        'app/.dockerignore': 'node_modules\n',
        'elsewhere/file': 'of no use\n',
      },
    });
    expect(notesOf(found)).toEqual(
      ['app/.dockerignore', 'app/Dockerfile', 'base.yaml', 'compose.yaml', 'web.env'].map(
        (path) => `content: ${path}`,
      ),
    );
    expect(textsOf(found)['kombination.yaml']).toMatch(/ {2}built:\n {4}web: [0-9a-f]{12}\n/);
  });

  it('leaves a context out that is too large for a repository', async () => {
    const files = { 'compose.yaml': 'services: { web: { build: ./app } }\n', 'app/Dockerfile': '#40000000' };
    const { notes } = await draft({ files });
    expect(notes).toContainEqual({
      kind: 'left out',
      path: 'app',
      message: 'it is too large for a repository',
    });
  });
});

describe('passwords', () => {
  const files = {
    'compose.yaml': `services: { web: { image: nginx, environment: { DB_PASSWORD: "\${DB_PASSWORD}", MODE: "\${MODE}" }, secrets: [key] } }\nsecrets: { key: { file: ./key.txt } }\n`,
    '.env': 'MODE=one\n# kept\nDB_PASSWORD="hunter 2"\n',
    'key.txt': 'key-of-the-house\n',
  };

  it('of .env and of files of secrets are encrypted, to the byte', async () => {
    const found = await draft({ files });
    const texts = textsOf(found);
    expect(texts['.env']).toBe('MODE=one\n# kept\nDB_PASSWORD=secret://age/secrets/DB_PASSWORD.age\n');
    expect(texts['secrets/DB_PASSWORD.age']).toBe('sealed "hunter 2"');
    expect(texts['secrets/key.age']).toBe('sealed "key-of-the-house\\n"');
    expect(texts['key.txt']).toBeUndefined();
    expect(texts['kombination.yaml']).toContain('secrets:\n  key:\n    file: secrets/key.age\n');
    expect(texts['.age-recipients']).toBe('age1test\n');
    expect(notesOf(found)).toEqual([
      'content: .env',
      'content: compose.yaml',
      'secret: secrets/DB_PASSWORD.age',
      'secret: secrets/key.age',
    ]);
  });

  it('stay where no reference can stand', async () => {
    const compose = serviceWith('command: ["--pass", "${DB_PASSWORD}"]');
    const texts = textsOf(await draft({ files: { 'compose.yaml': compose, '.env': 'DB_PASSWORD=x1\n' } }));
    expect(texts['.env']).toBe('DB_PASSWORD=x1\n');
  });

  it('are left as they are without anything to seal with', async () => {
    const { state } = createDesiredFixture();
    const read = readFrom(
      Object.fromEntries(Object.entries(files).map(([path, text]) => [`/srv/shop/${path}`, text])),
    );
    const describe = () => Promise.reject(new Error('its files are there'));
    const found = await state.draftAdoption({
      project: projectOf(['web']),
      stack: 'shop',
      node: null,
      read,
      describe,
    });
    expect(textsOf(found)['.env']).toBe(files['.env']);
  });
});

describe('a project whose files are gone', () => {
  const document = {
    services: {
      web: {
        image: 'nginx',
        environment: { DB_PASSWORD: "it's $$5", COLOUR: 'blue' },
        volumes: [
          '/srv/shop/data:/data',
          { type: 'bind', source: '/srv/shop/key.txt', target: '/run/secrets/key', read_only: true },
        ],
      },
    },
  };
  const describeIt = () => Promise.resolve({ document, remarks: ['web: something'] });

  it('is written down from what runs', async () => {
    const found = await draft({ files: { 'key.txt': 'key\n' }, more: { describe: describeIt } });
    const texts = textsOf(found);
    expect(texts['compose.yaml']).toBe(
      'services:\n  web:\n    image: nginx\n    environment:\n      DB_PASSWORD: ${DB_PASSWORD}\n      COLOUR: blue\n    volumes:\n      - ./data:/data\n    secrets:\n      - source: key\n        target: key\nsecrets:\n  key:\n    file: ./key.txt\n',
    );
    expect(texts['secrets/DB_PASSWORD.age']).toBe(`sealed "it's $5"`);
    expect(texts['secrets/key.age']).toBe('sealed "key\\n"');
    expect(found.notes.filter(({ path }) => path === 'compose.yaml')).toEqual([
      expect.objectContaining({
        kind: 'content',
        message: expect.stringContaining('/srv/shop/compose.yaml cannot be read any more'),
      }),
      { kind: 'left out', path: 'compose.yaml', message: 'web: something' },
    ]);
  });

  it('has absolute paths where nothing tells its directory', async () => {
    const project = projectOf(['web'], { directory: null, files: [] });
    const texts = textsOf(await draft({ files: {}, more: { describe: describeIt, project } }));
    expect(texts['compose.yaml']).toContain('- /srv/shop/data:/data\n');
    expect(texts['kombination.yaml']).not.toContain('data_dir');
  });
});
