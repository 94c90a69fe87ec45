import { expect, it } from 'vitest';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { HookDelivery } from '../../../reconciler/ports/hosts/git-host.ts';
import type { WorldEvent } from '../../support/hosts/host-world.ts';
import { HEAD } from '../../support/hosts/host-world.ts';
import type { GitHostHarness } from './git-host-harness.ts';

/** Holds what an adapter makes of hooks against what its host signs. */
export function describeHooks({ start, open, hookSecret, forge, unsign }: GitHostHarness): void {
  const secret = new Secret(hookSecret, 'secret://file/hook');

  it.each<{ readonly told: string; readonly event: WorldEvent; readonly news: object }>([
    {
      told: 'a push to a branch',
      event: { type: 'push', ref: 'refs/heads/main', after: HEAD },
      news: { type: 'push', ref: 'refs/heads/main', after: HEAD },
    },
    {
      told: 'a tag',
      event: { type: 'push', ref: 'refs/tags/web-v1.2.3-production', after: HEAD },
      news: { type: 'push', ref: 'refs/tags/web-v1.2.3-production', after: HEAD },
    },
    {
      told: 'a branch that was deleted',
      event: { type: 'push', ref: 'refs/heads/old', after: null },
      news: { type: 'push', ref: 'refs/heads/old', after: null },
    },
    { told: 'a pull request', event: { type: 'pull', number: 1 }, news: { type: 'pull', number: 1 } },
    { told: 'what concerns nobody', event: { type: 'issue' }, news: { type: 'other' } },
  ])('is told of $told', async ({ event, news }) => {
    await using double = await start();
    double.world.addPull();
    const delivery = double.hook(event, { secret: hookSecret, delivery: 'one' });
    expect(await open(double).verifyHook(delivery, secret)).toEqual({ ...news, delivery: 'one' });
  });

  it('is told of comments that were written, and of none that somebody has changed', async () => {
    await using double = await start();
    double.world.addPull();
    const { id } = double.world.addComment(1, 'ada', 'kombinator confirm');
    const host = open(double);
    const written = double.hook({ type: 'comment', number: 1, comment: id }, { secret: hookSecret });
    expect(await host.verifyHook(written, secret)).toMatchObject({
      type: 'comment',
      number: 1,
      comment: `${id}`,
    });
    const event = { type: 'comment', number: 1, comment: id, change: 'edited' } as const;
    const changed = await host.verifyHook(double.hook(event, { secret: hookSecret }), secret);
    expect(changed.type).toBe('other');
  });

  it('is told when the host tries the hook', async () => {
    await using double = await start();
    const news = await open(double).verifyHook(double.hook({ type: 'ping' }, { secret: hookSecret }), secret);
    expect(['ping', 'other', 'push']).toContain(news.type);
  });

  it('refuses what is signed with another secret, cut, changed, not signed, or of another host', async () => {
    await using double = await start();
    const host = open(double);
    const event = { type: 'push', ref: 'refs/heads/quoted-nowhere', after: HEAD } as const;
    const right = double.hook(event, { secret: hookSecret });
    const other = double.hook(event, { secret: 'whsec_c29tZXRoaW5nIGVsc2U=' });
    const deliveries: Readonly<Record<string, HookDelivery>> = {
      other,
      forged: forge(right),
      unsigned: unsign(right),
      foreign: { ...right, headers: { 'content-type': 'application/json' } },
      empty: { ...unsign(right), body: Buffer.alloc(0) },
    };
    for (const [name, delivery] of Object.entries(deliveries)) {
      const error: unknown = await Promise.resolve()
        .then(() => host.verifyHook(delivery, secret))
        .catch((reason: unknown) => reason);
      expect(error, name).toMatchObject({ code: 'HOOK_REFUSED' });
      expect(String(error)).not.toMatch(/quoted-nowhere|kombinator-hook-secret/);
    }
    await expect(
      Promise.resolve().then(() => host.verifyHook(right, new Secret(' \n', 'secret://file/empty'))),
    ).rejects.toMatchObject({ code: 'HOOK_REFUSED' });
  });
}
