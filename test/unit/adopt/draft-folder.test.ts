import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { draftFolder } from '../../../reconciler/desired/adopt/draft-folder.ts';
import type {
  FolderDraft,
  FolderProject,
  FolderRequest,
} from '../../../reconciler/ports/adopt/folder-draft.ts';
import { readFrom, sealForTest } from '../../support/fakes/adopt/host.ts';

/* A folder of Compose projects becomes a repository. Nothing that lies in it is changed. */

const COMPOSE = 'services: { web: { image: nginx, volumes: ["./data:/data"] } }\n';

function folder(
  files: Readonly<Record<string, string>>,
  projects: readonly Partial<FolderProject>[],
  more: Partial<FolderRequest> = {},
): Promise<FolderDraft> {
  const there = Object.entries(files).map(([path, text]) => [`/srv/${path}`, text]);
  return draftFolder({
    root: '/srv',
    projects: projects.map((one) => ({ directory: 'wiki', files: ['compose.yaml'], services: [], ...one })),
    adopts: true,
    isPicked: false,
    settings: '',
    ignored: '',
    recipients: null,
    isTracked: () => false,
    isIgnored: () => false,
    read: readFrom(Object.fromEntries(there)),
    seal: sealForTest,
    ...more,
  });
}

const textsOf = ({ writes }: FolderDraft): Readonly<Record<string, string>> =>
  Object.fromEntries(
    writes.map(({ path, content }) => [
      path,
      typeof content === 'string' ? content : new TextDecoder().decode(content ?? undefined),
    ]),
  );

describe('projects that need no more than their Compose files', () => {
  const files = {
    'wiki/compose.yaml': COMPOSE,
    'shop/compose.yaml': COMPOSE,
    'a/b/docker-compose.yml': COMPOSE,
  };
  const projects = [
    { directory: 'wiki' },
    { directory: 'shop' },
    { directory: 'a/b', files: ['docker-compose.yml'] },
  ];

  it('are found by globs', async () => {
    const found = await folder(files, projects);
    expect(textsOf(found)).toEqual({
      'kombinator.yaml':
        'compose: ["*/compose.yaml","a/*/docker-compose.yml"]\ndata_dir: "/srv"\nadopts: true\n',
      '.gitignore': '# What containers write stays on its host.\n/a/b/data\n/shop/data\n/wiki/data\n',
    });
    expect(found.takes).toEqual(['a/b/docker-compose.yml', 'shop/compose.yaml', 'wiki/compose.yaml']);
    expect(found.projects.map(({ stack }) => stack)).toEqual(['wiki', 'shop', 'b']);
  });

  it('are named one by one where they are picked, and are not adopted where nothing runs', async () => {
    const found = await folder(files, [{ directory: 'wiki' }], {
      isPicked: true,
      adopts: false,
      settings: 'policy: { drift: warn }',
      ignored: '*.log\n/wiki/data\n',
    });
    expect(textsOf(found)).toEqual({
      'kombinator.yaml': 'policy: { drift: warn }\ncompose: "wiki/compose.yaml"\ndata_dir: "/srv"\n',
    });
  });
});

describe('a kombination beside a Compose file', () => {
  it.each([
    {
      what: 'the project has another name',
      project: { name: 'old_wiki', services: ['web'] },
      stack: 'old-wiki',
    },
    {
      what: 'Compose would take other files',
      project: { files: ['compose.yaml', 'prod.yaml'] },
      stack: 'wiki',
    },
    { what: 'it lies in the root', project: { directory: '' }, stack: 'srv' },
  ])('is there when $what', async ({ project, stack }) => {
    const at = project.directory === '' ? '' : 'wiki/';
    const found = await folder(
      { [`${at}compose.yaml`]: COMPOSE, 'wiki/prod.yaml': 'services: { web: { init: true } }\n' },
      [project],
    );
    const texts = textsOf(found);
    expect(parse(texts[`${at}kombination.yaml`] ?? '')).toMatchObject({ meta: { name: stack } });
    expect(texts['kombinator.yaml']).not.toContain('compose');
    expect(texts['.gitignore']).toContain(`/${at}data\n`);
    expect(found.projects[0]?.diagnostics).toEqual([]);
  });

  it('is there where Compose has built the image', async () => {
    const files = {
      'wiki/compose.yaml': 'services: { web: { build: . } }\n',
      'wiki/Dockerfile': 'FROM nginx\n',
    };
    const texts = textsOf(await folder(files, [{ services: ['web'] }]));
    expect(parse(texts['wiki/kombination.yaml'] ?? '')).toMatchObject({
      adopts: { project: 'wiki', services: ['web'], built: { web: expect.stringMatching(/^[0-9a-f]{12}$/) } },
    });
  });
});

describe('an .env with passwords', () => {
  const files = {
    'wiki/compose.yaml':
      'services: { web: { image: nginx, env_file: [.env, more.env], environment: { LEVEL: debug } }, db: { image: redis, environment: ["DB_PASSWORD"] } }\n',
    'wiki/.env': 'LEVEL=info\nDB_PASSWORD=hunter$2\nMODE=one\n',
    'wiki/more.env': 'A=b\n',
  };

  it('stays out, and the kombination says what it sets', async () => {
    const found = await folder(files, [{}]);
    const texts = textsOf(found);
    expect(found.takes).toEqual(['wiki/compose.yaml', 'wiki/more.env']);
    expect(texts['.gitignore']).toContain('/wiki/.env\n');
    expect(texts['wiki/secrets/DB_PASSWORD.age']).toMatch(/^sealed "hunter/);
    expect(texts['wiki/kombination.yaml']).toContain('env_file: !override [ more.env ]');
    expect(parse(texts['wiki/kombination.yaml'] ?? '', { logLevel: 'error' })).toMatchObject({
      variables: { LEVEL: 'info', DB_PASSWORD: 'secret://age/secrets/DB_PASSWORD.age', MODE: 'one' },
      services: {
        web: { environment: { DB_PASSWORD: 'secret://age/secrets/DB_PASSWORD.age', MODE: 'one' } },
      },
    });
    expect(texts['.age-recipients']).toBe('age1test\n');
    expect(found.projects[0]?.diagnostics).toEqual([]);
  });

  it('stays in where Git knows it, and one without passwords is out only where Git ignores it', async () => {
    expect((await folder(files, [{}], { isTracked: (path) => path === 'wiki/.env' })).takes).toContain(
      'wiki/.env',
    );
    const plain = { ...files, 'wiki/.env': 'LEVEL=info\nDB_PASSWORD=\n' };
    expect((await folder(plain, [{}])).takes).toContain('wiki/.env');
    const ignored = await folder(plain, [{}], { isIgnored: () => true });
    expect(ignored.takes).not.toContain('wiki/.env');
    expect(textsOf(ignored)['wiki/kombination.yaml']).toContain('LEVEL: info');
  });
});

it('data that Git knows is told of', async () => {
  const found = await folder({ 'wiki/compose.yaml': COMPOSE }, [{}], {
    isTracked: (path) => path === 'wiki/data',
  });
  expect(found.projects[0]?.tracked).toEqual(['wiki/data']);
});

it('errors are told of', async () => {
  const found = await folder({ 'wiki/compose.yaml': 'services: { web: { image: nginx, prots: [] } }\n' }, [
    {},
  ]);
  expect(found.projects[0]?.diagnostics).toMatchObject([{ code: 'UNKNOWN_KEY' }]);
});
