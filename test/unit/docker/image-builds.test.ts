import { describe, expect, it } from 'vitest';
import type { Adapter } from '../../../reconciler/adapters/docker/adapter.ts';
import { dropBuild, pushBuild } from '../../../reconciler/adapters/docker/images/image-builds.ts';
import { Secret } from '../../../reconciler/model/secret.ts';

const ID = '65f000000000000000000001';
const BUILT = `kombinator-build:${ID}`;
const NAME = 'hub.example.org/app:1';
const DIGEST = `sha256:${'d'.repeat(64)}`;
const NEVER = new AbortController().signal;

/** An engine that knows names of images, and takes every push. */
function engineWith(names: Readonly<Record<string, string>>) {
  const known = new Map(Object.entries(names));
  const engine = {
    async inspectImage(reference: string) {
      const Id = known.get(reference);
      return Id === undefined ? null : { Id };
    },
    tagImage: async (from: string, to: string) => void known.set(to, known.get(from) ?? from),
    untagImage: async (reference: string) => void known.delete(reference),
    async pushImage() {
      return (async function* () {
        yield Buffer.from(`${JSON.stringify({ aux: { Digest: DIGEST } })}\n`);
      })();
    },
  };
  return { names: () => Object.fromEntries(known), adapter: { engine } as unknown as Adapter };
}

const registry = { host: 'hub.example.org', username: 'ada', password: new Secret('correct-horse', 'x') };

describe('the name of an image that was built and pushed', () => {
  it.each([
    { what: 'no image', before: undefined },
    { what: 'another image', before: 'sha256:other' },
    { what: 'the same image, built before', before: 'sha256:built' },
  ])('is on the engine as before: $what', async ({ before }) => {
    const had = before === undefined ? {} : { [NAME]: before };
    const { adapter, names } = engineWith({ [BUILT]: 'sha256:built', ...had });
    const push = { id: ID, reference: NAME, registry, onLine: () => undefined };
    expect(await pushBuild(adapter, push, NEVER)).toBe(DIGEST);
    await dropBuild(adapter, { id: ID, reference: null }, NEVER);
    expect(names()).toEqual(had);
  });

  it('is taken away where a push was cut short', async () => {
    const { adapter, names } = engineWith({ [BUILT]: 'sha256:built', [NAME]: 'sha256:built' });
    await dropBuild(adapter, { id: ID, reference: NAME }, NEVER);
    expect(names()).toEqual({});
  });
});
