import { describe, expect, it } from 'vitest';
import { createDesiredFixture } from '../../support/desired-fixtures.ts';
import type { MemoryWrite } from '../../support/memory/memory-source.ts';

const POINTER = 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n';
const FILE = 'kombinations/s/kombination.yaml';
const text = (service: string) =>
  `version: "1.0"\nmeta: { name: s }\nservices:\n  web: { image: a, ${service} }\n`;
const adopting = { [FILE]: 'version: "1.0"\nmeta: { name: s }\ncompose: compose.yaml\n' };
const compose = (service: string) => `services:\n  web: { image: "a:1", ${service} }\n`;

type Content = string | Pick<MemoryWrite, 'type' | 'content'>;
const SUBMODULE: Content = { type: 'submodule', content: 'c'.repeat(40) };

async function findings(files: Readonly<Record<string, Content>>) {
  const { state, source, load } = createDesiredFixture();
  const write = ([path, content]: readonly [string, Content]) =>
    typeof content === 'string' ? { path, content } : { path, ...content };
  source.pushWrites(Object.entries(files).map(write));
  await load();
  const found = state.get('s')?.diagnostics ?? [];
  return found
    .filter(({ severity }) => severity === 'error')
    .map(({ code, file, line, message }) => `${code} ${file}:${line} ${message}`);
}

describe('content that another place has', () => {
  it.each([
    {
      when: 'files of a submodule',
      service: 'files: [{ source: sub/app.conf, target: /app.conf }]',
      message:
        'kombinations/s/sub/app.conf is in the Git submodule kombinations/s/sub, and submodules are not fetched',
    },
    {
      when: 'a submodule as a directory',
      service: 'files: [{ source: sub, target: /app }]',
      message: 'kombinations/s/sub is a Git submodule, and submodules are not fetched',
    },
    {
      when: 'a directory with a submodule in it',
      service: 'files: [{ source: ".", target: /app }]',
      message: 'kombinations/s/sub is a Git submodule, and submodules are not fetched',
    },
    {
      when: 'a build context',
      service: 'build: sub',
      message: 'kombinations/s/sub is a Git submodule, and submodules are not fetched',
    },
    {
      when: 'a build context with a submodule in it',
      service: 'build: { context: ".", dockerfile_inline: "FROM scratch" }',
      message: 'kombinations/s/sub is a Git submodule, and submodules are not fetched',
    },
  ])('is an error at the line that needs it: $when', async ({ service, message }) => {
    expect(await findings({ [FILE]: text(service), 'kombinations/s/sub': SUBMODULE })).toEqual([
      `CONTENT_ELSEWHERE ${FILE}:4 ${message}`,
    ]);
  });

  it.each([
    'volumes: ["./sub/app.conf:/app.conf:ro"]',
    'volumes: ["./sub:/app:ro"]',
    'volumes: ["./sub:/app"]',
    'env_file: sub/.env',
    'build: ./sub',
  ])('is one in a Compose file, and no empty directory: %s', async (service) => {
    const found = await findings({
      ...adopting,
      'kombinations/s/compose.yaml': compose(service),
      'kombinations/s/sub': SUBMODULE,
    });
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(/^CONTENT_ELSEWHERE kombinations\/s\/compose\.yaml:2 .*Git submodule/);
  });

  it('is one for a pointer of Git LFS, and none for a file that is there', async () => {
    const files = text('files: [{ source: data, target: /data }]');
    const attributes = { '.gitattributes': '*.bin filter=lfs diff=lfs merge=lfs -text\n' };
    const data = (content: string) => ({
      [FILE]: files,
      ...attributes,
      'kombinations/s/data/a.bin': content,
    });
    expect(await findings(data(POINTER))).toEqual([
      `CONTENT_ELSEWHERE ${FILE}:4 kombinations/s/data/a.bin is kept in Git LFS, and the repository has only a pointer to it`,
    ]);
    expect(await findings(data('the content'))).toEqual([]);
    const own = {
      [FILE]: files,
      'kombinations/s/.gitattributes': '/data/** filter=lfs\n',
      'kombinations/s/data/b': POINTER,
    };
    expect(await findings(own)).toHaveLength(1);
    const context = text('build: { context: data, dockerfile_inline: "FROM scratch" }');
    expect(await findings({ ...data(POINTER), [FILE]: context })).toHaveLength(1);
    const ignored = { ...data(POINTER), [FILE]: context, 'kombinations/s/data/.dockerignore': '*.bin\n' };
    expect(await findings(ignored)).toEqual([]);
  });

  it('says of a symlink that it leads out', async () => {
    const files = text('files: [{ source: conf, target: /conf }]');
    const link = (target: string) => ({
      [FILE]: files,
      'kombinations/s/conf': { type: 'symlink', content: target } as const,
    });
    expect(await findings(link('/etc/passwd'))).toEqual([
      `PATH_OUTSIDE_REPOSITORY ${FILE}:4 kombinations/s/conf is a symlink that leads out of the repository`,
    ]);
    expect(await findings(link('../../../x'))).toEqual([
      `PATH_OUTSIDE_REPOSITORY ${FILE}:4 kombinations/s/conf is a symlink that leads out of the repository`,
    ]);
  });

  it.each(['./conf', './conf:ro', './conf/below'])('says so of the bind mount %s, too', async (bind) => {
    const [source, options] = bind.split(':');
    const mount = [source, '/c', ...(options === undefined ? [] : [options])].join(':');
    const found = await findings({
      [FILE]: 'version: "1.0"\nmeta: { name: s }\ncompose: compose.yaml\n',
      'kombinations/s/compose.yaml': `services:\n  web: { image: a, volumes: ["${mount}"] }\n`,
      'kombinations/s/conf': { type: 'symlink', content: '/etc' },
    });
    expect(found).toEqual([
      expect.stringMatching(/^PATH_OUTSIDE_REPOSITORY kombinations\/s\/compose.yaml:2 .* symlink/),
    ]);
  });
});
