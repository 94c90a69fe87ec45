import { Readable } from 'node:stream';
import type { ContainerInspectInfo, ImageInspectInfo } from 'dockerode';
import { pack } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { createAdoptions } from '../../../reconciler/adapters/docker/adopted/adoptions.ts';
import { isAlike } from '../../../reconciler/adapters/docker/adopted/alike.ts';
import { isAsBuilt, observeAsBuilt } from '../../../reconciler/adapters/docker/adopted/as-built.ts';
import { compareMounts } from '../../../reconciler/adapters/docker/adopted/compare-mounts.ts';
import { compareOptions } from '../../../reconciler/adapters/docker/adopted/compare-options.ts';
import { readAdopted, withRestartOf } from '../../../reconciler/adapters/docker/adopted/read-adopted.ts';
import type { Engine } from '../../../reconciler/adapters/docker/engine/engine.ts';
import { blobId } from '../../../reconciler/base/blob-id.ts';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import type { ObservedResource } from '../../../reconciler/model/resource.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { resourcesOf } from '../../support/docker/docker-resources.ts';

/* A container of a Compose project, held against its description. */

const make = resourcesOf('shop');
const web = (spec: Partial<ContainerSpec> = {}) => make.container('web', { image: 'web:1', ...spec });
const specOf = (spec: Partial<ContainerSpec> = {}) => web(spec).spec as unknown as ContainerSpec;

interface Live {
  readonly Config?: Readonly<Record<string, unknown>>;
  readonly HostConfig?: object;
  readonly Mounts?: readonly object[];
}

/** A container as an engine inspects one of which Compose has said nothing. */
function inspectOf({ Config = {}, HostConfig = {}, Mounts = [] }: Live = {}): ContainerInspectInfo {
  const found = {
    Id: 'abcdef012345678900',
    Image: 'sha256:1',
    Name: '/shop-web-1',
    Config: {
      Image: 'web:1',
      Hostname: 'abcdef012345',
      Env: [],
      Cmd: null,
      Entrypoint: null,
      Labels: { 'com.docker.compose.project': 'shop' },
      ...Config,
    },
    HostConfig: {
      NetworkMode: 'shop_default',
      IpcMode: 'private',
      CgroupnsMode: 'private',
      ShmSize: 67_108_864,
      Runtime: 'runc',
      LogConfig: { Type: 'json-file', Config: {} },
      PortBindings: {},
      ...HostConfig,
    },
    Mounts,
  };
  return found as unknown as ContainerInspectInfo;
}

const IMAGE = { Id: 'sha256:1', Config: { Env: ['PATH=/bin'], Cmd: ['serve'], Labels: { of: 'image' } } };

describe('two values of an engine', () => {
  it.each([
    [undefined, null, true],
    [undefined, 0, true],
    [[], null, true],
    [{}, '', true],
    [{ a: 1, b: null }, { a: 1 }, true],
    [{ a: [] }, {}, true],
    [['a'], ['a'], true],
    [['a', 'b'], ['b', 'a'], false],
    [1, '1', false],
    [true, undefined, false],
  ])('%j and %j: %s', (a, b, alike) => {
    expect([isAlike(a, b), isAlike(b, a)]).toEqual([alike, alike]);
  });
});

describe('options', () => {
  const keysOf = (spec: Partial<ContainerSpec>, live: Live = {}) =>
    compareOptions(specOf(spec), {
      inspect: inspectOf(live),
      image: IMAGE as unknown as ImageInspectInfo,
      api: '1.47',
    }).map(({ key }) => key);
  const host = (HostConfig: object): Live => ({ HostConfig });
  const config = (Config: Readonly<Record<string, unknown>>): Live => ({ Config });
  it.each<{ what: string; spec?: Partial<ContainerSpec>; live?: Live; differs: readonly string[] }>([
    { what: 'nothing is said, the engine has its defaults', differs: [] },
    { what: 'init is said and is so', spec: { init: true }, live: host({ Init: true }), differs: [] },
    { what: 'init is said and is not so', spec: { init: true }, differs: ['init'] },
    { what: 'init is not said and is so', live: host({ Init: true }), differs: ['init'] },
    {
      what: 'capabilities in another spelling and order',
      spec: { capDrop: ['ALL'], capAdd: ['NET_ADMIN', 'CHOWN'] },
      live: host({ CapDrop: ['ALL'], CapAdd: ['CAP_CHOWN', 'CAP_NET_ADMIN'] }),
      differs: [],
    },
    { what: 'a capability more', live: host({ CapAdd: ['SYS_ADMIN'] }), differs: ['capAdd'] },
    { what: 'privileged', live: host({ Privileged: true }), differs: ['privileged'] },
    { what: 'a host name of its own', live: config({ Hostname: 'stats' }), differs: ['hostname'] },
    {
      what: 'the host name that is said',
      spec: { hostname: 'stats' },
      live: config({ Hostname: 'stats' }),
      differs: [],
    },
    { what: 'another user', spec: { user: '1000' }, live: config({ User: '1001' }), differs: ['user'] },
    { what: 'a read-only file system', live: host({ ReadonlyRootfs: true }), differs: ['readOnly'] },
    {
      what: 'extra hosts with either sign',
      spec: { extraHosts: ['router:192.0.2.1'] },
      live: host({ ExtraHosts: ['router=192.0.2.1'] }),
      differs: [],
    },
  ])('$what', ({ spec = {}, live, differs }) => {
    expect(keysOf(spec, live)).toEqual(differs);
  });
});

describe('mounts', () => {
  const bind = (Source: string, Destination: string, RW = true) => ({
    Type: 'bind',
    Source,
    Destination,
    RW,
  });
  const volume = (Name: string, Destination: string, RW = true) => ({
    Type: 'volume',
    Name,
    Destination,
    RW,
  });
  const anonymous = 'a'.repeat(64);
  it.each<{ what: string; spec: Partial<ContainerSpec>; live: readonly object[]; same: boolean }>([
    { what: 'none', spec: {}, live: [], same: true },
    {
      what: 'the same directory',
      spec: { mounts: [{ type: 'bind', source: '/srv/data', target: '/data' }] },
      live: [bind('/srv/data', '/data')],
      same: true,
    },
    {
      what: 'another directory',
      spec: { mounts: [{ type: 'bind', source: '/srv/data', target: '/data' }] },
      live: [bind('/srv/other', '/data')],
      same: false,
    },
    {
      what: 'one that may be written to, and should not',
      spec: { mounts: [{ type: 'bind', source: '/srv/data', target: '/data', readOnly: true }] },
      live: [bind('/srv/data', '/data')],
      same: false,
    },
    {
      what: 'the same volume',
      spec: { mounts: [{ type: 'volume', source: 'shop_db', target: '/db' }] },
      live: [volume('shop_db', '/db')],
      same: true,
    },
    { what: 'one more', spec: {}, live: [bind('/etc', '/etc')], same: false },
    { what: 'one that the image asks for', spec: {}, live: [volume(anonymous, '/cache')], same: true },
    {
      what: 'content, which Compose mounts',
      spec: { files: [{ target: '/www/a.html', blob: 'x', mode: 0o644 }] as never },
      live: [bind('/srv/www', '/www', false)],
      same: true,
    },
    {
      what: 'one that is missing',
      spec: { mounts: [{ type: 'tmpfs', target: '/run' }] as never },
      live: [],
      same: false,
    },
  ])('$what', ({ spec, live, same }) => {
    expect(compareMounts(specOf(spec), inspectOf({ Mounts: live }))).toHaveLength(same ? 0 : 1);
  });
});

/** An engine whose image is known and whose containers have these files. */
function engineWith(files: Readonly<Record<string, string>> = {}): Engine {
  const engine: Partial<Engine> = {
    inspectImage: () => Promise.resolve(IMAGE as unknown as ImageInspectInfo),
    async getArchive() {
      const archive = pack();
      for (const [name, text] of Object.entries(files)) archive.entry({ name }, text);
      archive.finalize();
      return Readable.from(archive);
    },
  };
  return engine as Engine;
}

async function read(
  spec: Partial<ContainerSpec>,
  live: Live = {},
  files: Readonly<Record<string, string>> = {},
) {
  const adoptions = createAdoptions();
  const adopted = await readAdopted(
    { engine: engineWith(files), adoptions, traits: () => Promise.resolve({ api: '1.47' } as never) },
    {
      stack: 'shop',
      desired: web(spec),
      inspect: inspectOf({ ...live, Config: { Cmd: ['serve'], Env: ['PATH=/bin'], ...live.Config } }),
    },
    new AbortController().signal,
  );
  if (adopted === null) throw new Error('it is described');
  return adopted;
}

describe('a container', () => {
  const env = (Env: readonly string[]): Live => ({ Config: { Env: ['PATH=/bin', ...Env] } });
  it.each<{ what: string; spec?: Partial<ContainerSpec>; live?: Live; key: string | null }>([
    { what: 'is as its image makes it', key: null },
    { what: 'has the variable', spec: { env: { A: 'b' } }, live: env(['A=b']), key: null },
    { what: 'has another value', spec: { env: { A: 'b' } }, live: env(['A=c']), key: 'env' },
    { what: 'has a variable more', live: env(['A=c']), key: 'env' },
    { what: 'lacks a variable', spec: { env: { A: 'b' } }, key: 'env' },
    { what: 'is of another image', live: { Config: { Image: 'web:2' } }, key: 'image' },
    {
      what: 'is of the image in its long form',
      live: { Config: { Image: 'docker.io/library/web:1' } },
      key: null,
    },
    { what: 'runs another command', live: { Config: { Cmd: ['other'] } }, key: 'command' },
    { what: 'runs the command', spec: { command: ['x'] }, live: { Config: { Cmd: ['x'] } }, key: null },
    { what: 'has another entrypoint', live: { Config: { Entrypoint: ['sh'] } }, key: 'entrypoint' },
    {
      what: 'has labels of the image, of Compose and the described ones',
      spec: { labels: { team: 'blue' } },
      live: { Config: { Labels: { of: 'image', team: 'blue', 'com.docker.compose.service': 'web' } } },
      key: null,
    },
    { what: 'has another label', live: { Config: { Labels: { team: 'red' } } }, key: 'labels' },
    {
      what: 'publishes a port more',
      live: { HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } } },
      key: 'ports',
    },
    {
      what: 'is in the network of the host',
      spec: { networks: { shop_default: { aliases: [] } } },
      live: { HostConfig: { NetworkMode: 'host' } },
      key: 'networkMode',
    },
  ])('$what', async ({ spec = {}, live, key }) => {
    const { isSame, spec: shown, differing } = await read(spec, live);
    expect([isSame, differing]).toEqual([key === null, []]);
    if (key !== null) expect(shown[key]).not.toEqual(web(spec).spec[key]);
  });

  it('hides values that nobody describes, and those of secrets', async () => {
    const hidden = { env: { TOKEN: new Secret('right', 'secret://env/TOKEN') } };
    const wrong = await read(hidden, env(['TOKEN=wrong', 'OTHER=private']));
    expect([wrong.isSame, wrong.differing]).toEqual([false, ['env.TOKEN']]);
    expect(JSON.stringify(wrong.spec)).not.toMatch(/wrong|right|private/);
    expect(await read(hidden, env(['TOKEN=right']))).toMatchObject({ isSame: true, differing: [] });
  });

  it('has the content that is described, to the byte', async () => {
    const files = [{ target: '/etc/app.conf', blob: blobId(Buffer.from('a = 1\n')), mode: 0o644 }] as never;
    const Mounts = [{ Type: 'bind', Source: '/srv/app.conf', Destination: '/etc/app.conf', RW: false }];
    expect((await read({ files }, { Mounts }, { 'app.conf': 'a = 1\n' })).isSame).toBe(true);
    expect((await read({ files }, { Mounts }, { 'app.conf': 'a = 2\n' })).isSame).toBe(false);
  });
});

describe('an image that Compose has built', () => {
  const built = web({ image: 'kombinator/shop-web:0123456789ab', service: 'web' });
  it('is as described while the build has the digest of then', () => {
    expect(isAsBuilt({ built: { web: '0123456789ab' } }, built)).toBe(true);
    expect(isAsBuilt({ built: { web: 'ba9876543210' } }, built)).toBe(false);
    expect(isAsBuilt({ built: { toString: '0123456789ab' } }, built)).toBe(false);
    expect(isAsBuilt(undefined, built)).toBe(false);
  });

  it('need not be there while every container of it is', () => {
    const { image } = make.built('FROM nginx\n');
    const reference = image.name;
    const user = web({ image: reference });
    const there = { id: user.id, hash: user.hash } as ObservedResource;
    const adoption = { built: { web: reference.split(':')[1] ?? '' } };
    expect(observeAsBuilt(adoption, [image, user], [there])).toHaveLength(1);
    expect(observeAsBuilt(adoption, [image, user], [])).toEqual([]);
    expect(observeAsBuilt({}, [image, user], [there])).toEqual([]);
  });
});

it.each([
  {
    what: 'no policy, where ours is implied',
    live: 'no',
    wanted: { policy: 'on-failure' },
    shown: 'on-failure',
  },
  { what: 'no policy, where another is said', live: 'no', wanted: { policy: 'always' }, shown: 'no' },
  {
    what: 'no policy, where retries are said',
    live: 'no',
    wanted: { policy: 'on-failure', maxRetries: 3 },
    shown: 'no',
  },
  { what: 'a policy that is said', live: 'always', wanted: { policy: 'on-failure' }, shown: 'always' },
])('a container with $what is shown with $shown', ({ live, wanted, shown }) => {
  expect(withRestartOf({ restart: { policy: live } }, { restart: wanted })).toMatchObject({
    restart: { policy: shown },
  });
});
