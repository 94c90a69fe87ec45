import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../../reconciler/base/errors.ts';
import type { ImageQuestion } from '../../../../reconciler/ports/registry-client.ts';
import { createAskedRegistries } from '../../../../reconciler/run/upkeep/images/asked-registries.ts';
import { findImages, updatedServices } from '../../../../reconciler/run/upkeep/images/find-updates.ts';

const NEVER = new AbortController().signal;
const semver = { policy: 'semver', range: '*' };

/** A clock that moves by sleeping alone. */
function createStillClock() {
  let elapsed = 0;
  return {
    now: () => elapsed,
    elapsed: () => elapsed,
    sleep: async (milliseconds: number) => void (elapsed += milliseconds),
    random: () => 0,
  };
}

describe('services that newer images are looked for', () => {
  it('are found in maps and lists, with the place of their image', () => {
    const service = { image: 'nginx:1', image_update: semver };
    const update = { policy: 'semver', range: '*' };
    expect(updatedServices('shop', { services: { web: service, db: { image: 'redis:7' } } })).toEqual([
      { stack: 'shop', service: 'web', path: ['services', 'web', 'image'], image: 'nginx:1', update },
    ]);
    expect(updatedServices('shop', { services: [{ name: 'db' }, { name: 'web', ...service }] })).toEqual([
      { stack: 'shop', service: 'web', path: ['services', 1, 'image'], image: 'nginx:1', update },
    ]);
    for (const document of [undefined, null, [], { services: 7 }, { services: { web: null } }])
      expect(updatedServices('shop', document)).toEqual([]);
  });
});

describe('a look for newer images', () => {
  const services = (names: readonly string[]) =>
    updatedServices('shop', {
      services: Object.fromEntries(names.map((name) => [name, { image: `${name}:1`, image_update: semver }])),
    });

  it('asks a registry no more than sixty times a minute, and others beside it', async () => {
    const clock = createStillClock();
    const asked: { readonly image: string; readonly at: number }[] = [];
    const listTags = async ({ image, pace }: ImageQuestion) => {
      await pace();
      asked.push({ image, at: clock.elapsed() });
      return ['2'];
    };
    const names = Array.from({ length: 130 }, (_, index) => `image-${index}`);
    const client = { listTags, digestOf: () => Promise.reject(new Error('not asked')) };
    const all = services([...names, 'other.example.org/app']);

    const { found } = await findImages(
      all,
      createAskedRegistries({ clock, client, loginFor: () => null }),
      NEVER,
    );

    expect(found).toHaveLength(131);
    expect(asked.find(({ image }) => image.startsWith('other'))?.at).toBe(0);
    const times = asked.filter(({ image }) => image.startsWith('image-')).map(({ at }) => at);
    expect(Object.entries(Object.groupBy(times, String)).map(([at, list]) => [at, list?.length])).toEqual([
      ['0', 60],
      ['60000', 60],
      ['120000', 10],
    ]);
  });

  it('leaves a registry alone for as long as it wants, over looks, and asks the others', async () => {
    const clock = createStillClock();
    const asked: string[] = [];
    const listTags = async ({ image }: ImageQuestion) => {
      asked.push(image);
      if (!image.startsWith('image')) return ['2'];
      const details = { retryAfterMs: 90_000 };
      throw new ReconcilerError('TARGET_UNREACHABLE', 'docker.io has had enough', { details });
    };
    const client = { listTags, digestOf: () => Promise.reject(new Error('not asked')) };
    const registries = createAskedRegistries({ clock, client, loginFor: () => null });
    const all = services(['image-1', 'image-2', 'other.example.org/app']);

    const first = await findImages(all, registries, NEVER);
    await clock.sleep(60_000);
    const second = await findImages(all, registries, NEVER);
    await clock.sleep(30_000);
    await findImages(all, registries, NEVER);

    expect(asked).toEqual([
      'image-1',
      'other.example.org/app',
      'other.example.org/app',
      'image-1',
      'other.example.org/app',
    ]);
    expect(first.passedOver[1]?.reason).toBe('docker.io has had enough (90 s are left)');
    expect(second.passedOver[0]?.reason).toBe('docker.io has had enough (30 s are left)');
  });

  it('says of each service why it was passed over, also where credentials cannot be had', async () => {
    const loginFor = () => {
      throw new ReconcilerError('SECRET_NOT_FOUND', 'there is no secret://env/TOKEN');
    };
    const client = { listTags: async () => ['2'], digestOf: async () => '' };
    const kit = updatedServices('shop', { services: { kit: { image_update: semver } } });
    const broken = updatedServices('shop', { services: { bad: { image: 'Nginx:1', image_update: semver } } });

    const { found, passedOver } = await findImages(
      [...kit, ...broken, ...services(['nginx'])],
      createAskedRegistries({ clock: createStillClock(), client, loginFor }),
      NEVER,
    );

    expect(found).toEqual([]);
    expect(passedOver).toEqual([
      { stack: 'shop', service: 'bad', reason: '"Nginx:1" is not an image reference' },
      {
        stack: 'shop',
        service: 'kit',
        reason: 'its image does not stand beside image_update, but in a kit, or it is built',
      },
      { stack: 'shop', service: 'nginx', reason: 'there is no secret://env/TOKEN' },
    ]);
  });
});
