import { describe, expect, it } from 'vitest';
import type { BuiltImageSpec, ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import type { DesiredResource } from '../../../reconciler/model/resource.ts';
import type { DesiredState } from '../../../reconciler/ports/desired.ts';
import type { MemoryFiles } from '../../support/memory/memory-source.ts';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';

const DIR = 'kombinations/shop';
const FILE = `${DIR}/kombination.yaml`;
const HELLO = { [`${DIR}/app/Dockerfile`]: 'FROM scratch\nCOPY . /\n', [`${DIR}/app/main`]: 'hello' };

/** A service that builds `app`; more lines of it follow. */
const web = (build = 'build: app', ...more: readonly string[]) =>
  kombination('shop', 'web:', `  ${build}`, ...more.map((line) => `  ${line}`));

async function open(text: string, files: MemoryFiles = HELLO) {
  const fixture = createDesiredFixture();
  await fixture.push({ [FILE]: text, ...files });
  return fixture;
}

function imagesOf(state: DesiredState): readonly DesiredResource[] {
  expect(
    briefDiagnostics(state.get('shop')?.diagnostics ?? []).filter((line) => line.includes('error')),
  ).toEqual([]);
  return (state.get('shop')?.resources ?? []).filter(({ spec }) => 'build' in spec);
}

function imageOf(state: DesiredState): BuiltImageSpec {
  const [image] = imagesOf(state);
  if (!image) throw new Error('nothing is built');
  return image.spec as BuiltImageSpec;
}

const sent = (state: DesiredState) => imagesOf(state)[0]?.content?.map(({ path }) => path);

describe('an image that is built', () => {
  it('is called after what goes into it, and its container runs it', async () => {
    const { state } = await open(web());
    const [image] = imagesOf(state);
    expect(image).toMatchObject({
      id: `local/image/${image?.name}`,
      name: expect.stringMatching(/^shop-web:[0-9a-f]{12}$/),
      origin: { file: FILE, line: 5 },
    });
    expect(image?.shared).toBeUndefined();
    expect(sent(state)).toEqual(['Dockerfile', 'main']);
    const container = state.get('shop')?.resources.find(({ kind }) => kind === 'container');
    expect((container?.spec as ContainerSpec | undefined)?.image).toBe(image?.name);
    expect(container?.dependsOn).toContainEqual({ id: image?.id, until: 'applied' });
  });

  it('shows secrets to its steps, and is the same image with other values of them', async () => {
    const text = `${web('build: { context: app, secrets: [plain, { source: token, target: id }] }')}
secrets: { plain: { environment: PLAIN }, token: { secret: "secret://file/token" } }
`;
    const openWith = async (token: string) => {
      const fixture = createDesiredFixture({
        secrets: { 'secret://file/token': token, 'secret://env/PLAIN': 'in clear' },
      });
      await fixture.push({ [FILE]: text, ...HELLO });
      return fixture.state;
    };
    const [first, second, without] = [
      await openWith('one'),
      await openWith('two'),
      (await open(web())).state,
    ];
    const shown = (state: DesiredState) =>
      imageOf(state).secrets?.map(({ id, content }) => [id, content.reveal()]);
    expect(shown(first)).toEqual([
      ['plain', 'in clear'],
      ['id', 'one'],
    ]);
    expect(shown(second)?.[1]).toEqual(['id', 'two']);
    expect(imagesOf(first)[0]?.hash).toBe(imagesOf(second)[0]?.hash);
    expect(imageOf(first).reference).toBe(imageOf(without).reference);
    expect(JSON.stringify(imagesOf(first))).not.toContain('in clear');
  });

  it.each([
    { when: 'a file of the context changes', files: { [`${DIR}/app/main`]: 'bye' } },
    { when: 'the Dockerfile changes', files: { [`${DIR}/app/Dockerfile`]: 'FROM x\n' } },
    { when: 'a file comes', files: { [`${DIR}/app/more`]: '' } },
    { when: 'an argument changes', text: web('build: { context: app, args: { A: 2 } }') },
    { when: 'the stage changes', text: web('build: { context: app, args: { A: 1 }, target: x }') },
  ])('gets another name when $when', async ({ files = {}, text }) => {
    const { state, push } = await open(web('build: { context: app, args: { A: 1 } }'));
    const before = imageOf(state).reference;
    await push({ ...files, ...(text === undefined ? {} : { [FILE]: text }) });
    expect(imageOf(state).reference).not.toBe(before);
  });

  it.each([
    { when: 'something beside the context changes', files: { [`${DIR}/notes`]: 'x' } },
    { when: 'something ignored changes', files: { [`${DIR}/app/a.log`]: 'x' } },
    { when: 'the container is described anew', files: { [FILE]: web('build: ./app', 'env: { A: b }') } },
    { when: 'arguments change their order', files: { [FILE]: web('build: { context: app }') } },
  ])('keeps its name when $when', async ({ files }) => {
    const { state, push } = await open(web(), { ...HELLO, [`${DIR}/app/.dockerignore`]: '*.log\n' });
    const before = imageOf(state).reference;
    await push(files);
    expect(imageOf(state).reference).toBe(before);
  });

  it('is built anew when .dockerignore lets more in', async () => {
    const { state, push } = await open(web(), {
      ...HELLO,
      [`${DIR}/app/.dockerignore`]: '**\n!main\n',
      [`${DIR}/app/a.log`]: '',
    });
    expect(sent(state)).toEqual([expect.stringMatching(/^\.dockerfile\.[0-9a-f]{12}$/), 'main']);
    expect(await push({ [`${DIR}/app/.dockerignore`]: '.dockerignore\n' })).toEqual({
      changed: ['shop'],
      removed: [],
    });
    expect(sent(state)).toEqual(['Dockerfile', 'a.log', 'main']);
  });

  it('obeys the .dockerignore of its Dockerfile before that of the context', async () => {
    const { state } = await open(web('build: { context: app, dockerfile: ../prod/Dockerfile }'), {
      ...HELLO,
      [`${DIR}/app/.dockerignore`]: 'main\n',
      [`${DIR}/prod/Dockerfile`]: 'FROM scratch\n',
      [`${DIR}/prod/Dockerfile.dockerignore`]: 'Dockerfile\n.dockerignore\n',
    });
    expect(sent(state)).toEqual([expect.stringMatching(/^\.dockerfile\./), 'main']);
    expect(imageOf(state).build.dockerfile).toBe(sent(state)?.[0]);
  });

  it('may have its Dockerfile in the document', async () => {
    const { state } = await open(web('build: { context: app, dockerfile_inline: "FROM scratch" }'));
    const { dockerfile } = imageOf(state).build;
    const blob = imagesOf(state)[0]?.content?.find(({ path }) => path === dockerfile)?.blob ?? '';
    expect(new TextDecoder().decode(state.inlineBlob(blob))).toBe('FROM scratch');
  });

  it.each([
    'https://example.org/a.git',
    'https://example.org/a.git#main:app',
    'git://example.org/a',
    'github.com/a/b#v1',
  ])('may come from %s, which the engine fetches', async (address) => {
    const { state } = await open(web(`build: { context: "${address}", dockerfile: app.Dockerfile }`));
    expect(imageOf(state).build).toMatchObject({ remote: address, dockerfile: 'app.Dockerfile' });
    expect(sent(state)).toEqual([]);
    const other = await open(web('build: https://example.org/other.git'));
    expect(imageOf(other.state).reference).not.toBe(imageOf(state).reference);
  });

  it('has the name of image as well, under which other services find it', async () => {
    const { state } = await open(
      kombination(
        'shop',
        'web: { build: { context: app, tags: ["app:1"] }, image: app }',
        'worker: { image: "app:latest" }',
      ),
    );
    expect(imageOf(state)).toMatchObject({ service: 'web', tags: ['app:1', 'app:latest'] });
    const images = (state.get('shop')?.resources ?? []).filter(({ kind }) => kind === 'container');
    expect(images.map(({ spec }) => spec['image'])).toEqual([
      imageOf(state).reference,
      imageOf(state).reference,
    ]);
    expect(imagesOf(state)).toHaveLength(1);
  });

  it('is built on every node that runs it', async () => {
    const nodes =
      'nodes: [{ name: a, connection: { host: localhost } }, { name: b, connection: { host: tcp://b:1 } }]\n';
    const services = ['web: { build: app, image: app, node: a }', 'worker: { image: app, node: b }'];
    const { state } = await open(nodes + kombination('shop', ...services));
    const { reference } = imageOf(state);
    expect(imagesOf(state).map(({ id }) => id)).toEqual([`a/image/${reference}`, `b/image/${reference}`]);
  });

  it('follows symlinks only inside of the repository', async () => {
    const { state, source, load } = await open(web());
    const link = (path: string, content: string) => ({
      path: `${DIR}/app/${path}`,
      content,
      type: 'symlink' as const,
    });
    source.pushWrites([link('inside', 'main'), link('nowhere', 'gone'), link('deep/up', '../../../x')]);
    await load();
    expect(sent(state)).toEqual(['Dockerfile', 'deep/up', 'inside', 'main', 'nowhere']);
    source.pushWrites([link('root', '/etc/passwd'), link('deep/up', '../../../../../x')]);
    await load();
    expect(state.diagnostics().map(({ code, message, line }) => [code, line, message])).toEqual([
      [
        'PATH_OUTSIDE_REPOSITORY',
        5,
        'deep/up in the build context is a symlink that leads out of the repository',
      ],
      [
        'PATH_OUTSIDE_REPOSITORY',
        5,
        'root in the build context is a symlink that leads out of the repository',
      ],
    ]);
  });
});

it.each([
  { text: 'build: missing', want: ['5:12 error FILE_NOT_FOUND services.web.build'] },
  { text: 'build: /srv/app', want: ['5:12 error PATH_OUTSIDE_REPOSITORY services.web.build'] },
  { text: 'build: ../../..', want: ['5:12 error PATH_OUTSIDE_REPOSITORY services.web.build'] },
  { text: 'build: app/main', want: ['5:12 error INVALID_VALUE services.web.build'] },
  { text: 'build: git@example.org:a/b.git', want: ['5:12 error UNSUPPORTED_KEY services.web.build'] },
  { text: 'build: ssh://git@example.org/a/b.git', want: ['5:12 error UNSUPPORTED_KEY services.web.build'] },
  { text: 'build: https://example.org/a.tar.gz', want: ['5:12 error UNSUPPORTED_KEY services.web.build'] },
  { text: 'build: https://u:p@example.org/a.git', want: ['5:12 error INVALID_VALUE services.web.build'] },
  {
    text: 'build: { context: "https://example.org/a.git", dockerfile_inline: FROM scratch }',
    want: ['5:52 error UNSUPPORTED_KEY services.web.build.dockerfile_inline'],
  },
  {
    text: 'build: { context: app, dockerfile: Nope }',
    want: ['5:40 error FILE_NOT_FOUND services.web.build.dockerfile'],
  },
  {
    text: 'build: { context: app, args: { TOKEN: "secret://env/T", A: }, contxt: x }',
    want: [
      '5:36 error INVALID_VALUE services.web.build.args.TOKEN',
      '5:61 warning INVALID_VALUE services.web.build.args.A',
      '5:67 error UNKNOWN_KEY services.web.build.contxt',
    ],
  },
  {
    text: 'build: { context: app, secrets: [a], ssh: default, privileged: true, cache_to: [x], platforms: [linux/amd64, linux/arm64] }',
    want: [
      '5:28 error UNKNOWN_SECRET services.web.build.secrets[0]',
      '5:42 error UNSUPPORTED_KEY services.web.build.ssh',
      '5:56 error UNSUPPORTED_KEY services.web.build.privileged',
      '5:56 warning UNSUPPORTED_KEY services.web.build.cache_to',
      '5:82 warning UNSUPPORTED_KEY services.web.build.platforms',
    ],
  },
  {
    text: 'build: { context: app, dockerfile: Dockerfile, dockerfile_inline: FROM scratch }',
    want: ['5:52 error INVALID_VALUE services.web.build.dockerfile_inline'],
  },
  {
    text: 'build: app\n    pull_policy: daily',
    want: ['6:18 warning UNSUPPORTED_KEY services.web.pull_policy'],
  },
])('says what is wrong with $text', async ({ text, want }) => {
  const { state } = await open(web(text));
  const found = briefDiagnostics(state.diagnostics());
  const loose = (line: string) => line.replace(/^(\d+):\d+/, '$1');
  expect([...found].map(loose).sort()).toEqual(want.map(loose).sort());
});
