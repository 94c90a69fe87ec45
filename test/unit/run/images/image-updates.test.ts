import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import { DEFAULT_HOST_SETTINGS } from '../../../../reconciler/ports/hosts/host-settings.ts';
import type { RegistryClient } from '../../../../reconciler/ports/registry-client.ts';
import { NO_REGISTRY_CLIENT } from '../../../../reconciler/ports/registry-client.ts';
import { createKeptRegistries } from '../../../../reconciler/run/registries/kept-registries.ts';
import { createMemoryVault } from '../../../support/fakes/memory-vault.ts';
import { eventually } from '../../../support/eventually.ts';
import { createMemoryHost } from '../../../support/memory/memory-host.ts';
import type { MemorySource } from '../../../support/memory/memory-source.ts';
import { createMemorySource } from '../../../support/memory/memory-source.ts';
import { createRig, file } from '../../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const DIGEST = `sha256:${'a'.repeat(64)}`;
const SETTINGS = (as: string) => ({
  'kombinator.yaml': `image_updates: { schedule: "* * * * *", as: ${as} }\n`,
});

/** Registries with some tags each; one that is not listed does not answer. */
function createRegistries(tags: Readonly<Record<string, readonly string[]>>) {
  const asked: string[] = [];
  const client: RegistryClient = {
    ...NO_REGISTRY_CLIENT,
    async listTags({ image, pace }) {
      await pace();
      asked.push(image);
      const found = tags[image];
      if (found === undefined) throw new ReconcilerError('TARGET_UNREACHABLE', `${image} is away`);
      return found;
    },
    async digestOf({ image, tag }) {
      asked.push(`${image}@${tag}`);
      return DIGEST;
    },
  };
  const resolve = () => {
    throw new ReconcilerError('SECRET_NOT_FOUND', 'there is none');
  };
  return { asked, registries: { kept: createKeptRegistries(createMemoryVault()), client, resolve } };
}

async function textAt(source: MemorySource, commit: string, path: string): Promise<string> {
  const change = (await source.diff(null, commit, NEVER)).find((one) => one.path === path);
  return Buffer.from(await source.readBlob(change?.after?.blob ?? '')).toString('utf8');
}

const SHOP = `version: "1.0"
meta: { name: shop }
policy: { sync: manual }
services:
  web: # the front
    image: nginx:1.28.0 # pinned
    image_update: { policy: semver, range: "^1.28" }
  pinned: { image: "redis:7@sha256:${'b'.repeat(64)}", image_update: { policy: digest } }
  both: { image: "nginx:1.28.0@sha256:${'b'.repeat(64)}", image_update: { policy: semver, range: "~1.28" } }
  away: { image: "away.example.org/app:1", image_update: { policy: semver, range: "*" } }
  varied: { image: "nginx:\${TAG:-1.28}", image_update: { policy: digest } }
  left: { image: "nginx:1.28.0" }
`;
const TAGS = { nginx: ['1.28.0', '1.28.4', '1.29.1', '2.0.0', 'latest'] };

describe('newer images', () => {
  it('are written into descriptions, in one commit for all, and nothing else is', async () => {
    const source = createMemorySource();
    const { registries, asked } = createRegistries(TAGS);
    await using rig = createRig({ source, registries });
    const first = source.push({ ...SETTINGS('commit'), [file('shop')]: SHOP });
    await rig.reconciler.start();

    const moved = await eventually(
      () => source.lookup('main'),
      ({ commit }) => commit !== first,
    );

    expect(moved).toMatchObject({
      subject: 'Update the images of 3 services',
      author: { name: 'Kombinator' },
    });
    const b = `@sha256:${'b'.repeat(64)}`;
    expect(await textAt(source, moved.commit, file('shop'))).toBe(
      SHOP.replace('nginx:1.28.0 # pinned', 'nginx:1.29.1 # pinned')
        .replace(`"redis:7${b}"`, `redis:7@${DIGEST}`)
        .replace(`"nginx:1.28.0${b}"`, `nginx:1.28.4@${DIGEST}`),
    );
    expect((await source.between(first, moved.commit, 9)).length).toBe(1);
    expect(asked.filter((one) => one === 'nginx')).toHaveLength(1);
    const told = rig.logger.lines.filter(({ message }) => message === 'no newer image was looked for');
    expect(told.slice(0, 2).map(({ data }) => data)).toEqual([
      { stack: 'shop', service: 'away', reason: 'away.example.org/app is away' },
      {
        stack: 'shop',
        service: 'varied',
        reason: `its image is put together of variables (nginx:\${TAG:-1.28}): write it out`,
      },
    ]);

    // The next pass finds nothing new.
    await eventually(
      () => asked.filter((one) => one === 'nginx').length,
      (count) => count > 1,
    );
    expect((await source.lookup('main')).commit).toBe(moved.commit);
  });

  it('are listed without a commit, with the reason where nobody could tell', async () => {
    const source = createMemorySource();
    const { registries } = createRegistries(TAGS);
    await using rig = createRig({ source, registries });
    const aliased = SHOP.replace('web: # the front\n', 'web: &web # the front\n').replace(
      '  left: { image: "nginx:1.28.0" }',
      '  copy: *web',
    );
    const settings = { 'kombinator.yaml': 'image_updates: { schedule: "0 6 * * *", as: branch }\n' };
    const first = source.push({ ...settings, [file('shop')]: aliased });
    await rig.reconciler.refresh(NEVER);

    const list = await rig.reconciler.listImageUpdates(undefined, NEVER);

    const b = `@sha256:${'b'.repeat(64)}`;
    expect(list.settings).toEqual({ schedule: '0 6 * * *', as: 'branch' });
    expect(list.services.map(({ service, next, reason }) => [service, next, reason])).toEqual([
      ['away', null, 'away.example.org/app is away'],
      ['both', `nginx:1.28.4@${DIGEST}`, null],
      ['copy', null, expect.stringContaining('anchor')],
      ['pinned', `redis:7@${DIGEST}`, null],
      ['varied', null, expect.stringContaining('put together of variables')],
      ['web', null, expect.stringContaining('anchor')],
    ]);
    expect(list.services[1]).toMatchObject({
      stack: 'shop',
      file: file('shop'),
      image: `nginx:1.28.0${b}`,
      policy: 'semver',
    });
    expect((await source.lookup('main')).commit).toBe(first);
    expect((await rig.reconciler.listImageUpdates(['shop'], NEVER)).services).toHaveLength(6);
    await expect(rig.reconciler.listImageUpdates(['nope'], NEVER)).rejects.toMatchObject({
      code: 'UNKNOWN_STACK',
    });
  });

  it('are not written into a file that has errors', async () => {
    const source = createMemorySource();
    const { registries } = createRegistries(TAGS);
    await using rig = createRig({ source, registries });
    source.push({
      ...SETTINGS('commit'),
      [file('shop')]: `${SHOP}  bad: { image: "nginx:1", ports: ["x"] }\n`,
    });
    await rig.reconciler.refresh(NEVER);

    const { services } = await rig.reconciler.listImageUpdates(undefined, NEVER);

    expect(services.map(({ next }) => next)).toEqual(services.map(() => null));
    expect(services.find(({ service }) => service === 'web')?.reason).toBe(
      `${file('shop')} would have errors`,
    );
  });

  it('are written on top of what somebody pushes meanwhile, and in the place of nothing that they wrote', async () => {
    const memory = createMemorySource();
    const { registries } = createRegistries(TAGS);
    const theirs = SHOP.replace('nginx:1.28.0 # pinned', 'nginx:1.28.1 # ours');
    let commits = 0;
    const source: MemorySource = {
      ...memory,
      get branch() {
        return memory.branch;
      },
      async commit(request, signal) {
        commits += 1;
        if (commits === 1) memory.push({ [file('shop')]: theirs });
        return memory.commit(request, signal);
      },
    };
    await using rig = createRig({ source, registries });
    source.push({ ...SETTINGS('commit'), [file('shop')]: SHOP });
    await rig.reconciler.start();

    const moved = await eventually(
      () => source.lookup('main'),
      ({ subject }) => subject.startsWith('Update the images'),
    );

    expect(moved.subject).toBe('Update the images of 2 services');
    expect(commits).toBeGreaterThan(1);
    expect(await textAt(source, moved.commit, file('shop'))).toContain('nginx:1.28.1 # ours');
  });

  it('are proposed on a branch of their own, once', async () => {
    const source = createMemorySource();
    const { registries, asked } = createRegistries(TAGS);
    await using rig = createRig({ source, registries });
    const first = source.push({ ...SETTINGS('branch'), [file('shop')]: SHOP });
    await rig.reconciler.start();
    const proposal = await eventually(
      () => source.proposal('updates/images'),
      (one) => one !== undefined,
    );

    expect(proposal?.message.split('\n').slice(0, 3)).toEqual([
      'Update the images of 3 services',
      '',
      `shop/both nginx:1.28.0@sha256:${'b'.repeat(64)} -> nginx:1.28.4@${DIGEST}`,
    ]);
    await eventually(
      () => asked.filter((one) => one === 'nginx').length,
      (count) => count > 2,
    );
    expect(source.proposal('updates/images')?.commit).toBe(proposal?.commit);
    expect((await source.lookup('main')).commit).toBe(first);
  });

  it('are a pull request where the repository wants that, which is told the newest', async () => {
    const source = createMemorySource();
    const host = createMemoryHost();
    const tags: Record<string, readonly string[]> = { ...TAGS };
    const { registries } = createRegistries(tags);
    const hostSettings = { ...DEFAULT_HOST_SETTINGS, pulls: { plan: false, forks: false } };
    await using rig = createRig({ source, registries, gitHost: host, hostSettings });
    const first = source.push({ ...SETTINGS('pull'), [file('shop')]: SHOP });
    host.failWith(new ReconcilerError('HOST_UNREACHABLE', 'the host is away', { retryable: true }));
    await rig.reconciler.start();
    const untold = 'no pull request of newer images could be opened';
    await eventually(
      () => rig.logger.lines.some(({ message }) => message === untold),
      (isTold) => isTold,
    );
    host.failWith(null);
    await eventually(
      () => host.drafts.length,
      (count) => count > 0,
    );

    const proposal = source.proposal('updates/images');
    const [draft] = host.drafts;
    expect(draft).toMatchObject({ branch: 'updates/images', base: 'main', commit: proposal?.commit });
    expect(draft?.title).toBe('Update the images of 3 services');
    expect(draft?.text).toContain('- `shop/web`: `nginx:1.28.0` → `nginx:1.29.1`');
    expect((await source.lookup('main')).commit).toBe(first);

    tags['nginx'] = [...(TAGS.nginx ?? []), '1.29.2'];
    await eventually(
      () => host.drafts.at(-1)?.text.includes('nginx:1.29.2') === true,
      (isTold) => isTold,
    );
    expect(host.drafts.at(-1)?.commit).toBe(source.proposal('updates/images')?.commit);
  });

  it('stay a branch where there is no host, and the log says so', async () => {
    const source = createMemorySource();
    const { registries } = createRegistries(TAGS);
    await using rig = createRig({ source, registries });
    source.push({ ...SETTINGS('pull'), [file('shop')]: SHOP });
    await rig.reconciler.start();
    const untold = 'no pull request of newer images could be opened';
    const line = await eventually(
      () => rig.logger.lines.find(({ message }) => message === untold),
      (found) => found !== undefined,
    );
    expect(JSON.stringify(line?.data)).toContain('git.host');
    expect(source.proposal('updates/images')).toBeDefined();
  });

  it('are not asked for any more in a pass when a registry has had enough', async () => {
    const source = createMemorySource();
    const { registries, asked } = createRegistries({ 'other.example.org/app': ['1', '2'] });
    const { client } = registries;
    let refused = 0;
    const listTags: RegistryClient['listTags'] = (question, signal) => {
      if (question.image.includes('other')) return client.listTags(question, signal);
      refused += 1;
      return Promise.reject(
        new ReconcilerError('TARGET_UNREACHABLE', 'enough', {
          retryable: true,
          details: { retryAfterMs: 1_000 },
        }),
      );
    };
    await using rig = createRig({ source, registries: { ...registries, client: { ...client, listTags } } });
    const service = (name: string, image: string) =>
      `  ${name}: { image: "${image}", image_update: { policy: semver, range: "*" } }\n`;
    const services = ['a', 'b', 'c'].map((name) => service(name, `${name}:1`)).join('');
    const head = 'version: "1.0"\nmeta: { name: shop }\npolicy: { sync: manual }\nservices:\n';
    const first = source.push({
      ...SETTINGS('commit'),
      [file('shop')]: `${head}${services}${service('d', 'other.example.org/app:1')}`,
    });
    await rig.reconciler.start();
    const moved = await eventually(
      () => source.lookup('main'),
      ({ commit }) => commit !== first,
    );
    expect(moved.subject).toBe('Update the image of shop/d');
    // Once in each pass, and not for each of its three images; the other registry was asked in each as well.
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThanOrEqual(asked.length + 1);
  });

  it.each([
    ['image_update: { policy: semver }', 'range'],
    ['image_update: { policy: semver, range: "^^" }', 'is no range of versions'],
    ['image_update: { policy: regex, pattern: "(" }', 'Invalid regular expression'],
    ['image_update: { policy: newest }', 'policy'],
  ])('need a rule that can be followed: %s', async (line, expected) => {
    const source = createMemorySource();
    await using rig = createRig({ source });
    const text = `version: "1.0"\nmeta: { name: shop }\nservices:\n  web: { image: "nginx:1.28", ${line} }\n`;
    const report = rig.reconciler.validate(text);
    expect(JSON.stringify(report.diagnostics)).toContain(expected);
    expect(report.valid).toBe(false);
  });
});
