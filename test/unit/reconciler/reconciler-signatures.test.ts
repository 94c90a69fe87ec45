import { describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/base/errors.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { Notification } from '../../../reconciler/ports/notifier.ts';
import type { SignatureSettings } from '../../../reconciler/ports/signatures.ts';
import { eventually } from '../../support/eventually.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import type { MemorySource } from '../../support/memory/memory-source.ts';
import { createMemorySource } from '../../support/memory/memory-source.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const NEVER = new AbortController().signal;
const rules = { allowedSigners: '/etc/kombinator/allowed_signers', keyring: null, hostKeys: [] };
const signatures: SignatureSettings = { rules, since: null };
const shop = (tag: string) => ({ [file('shop')]: stack('shop', { web: `image: "nginx:${tag}"` }) });

function pushSigned(source: MemorySource, tag: string, message?: string): string {
  const commit = source.push(shop(tag), message);
  source.sign(commit);
  return commit;
}

/** Signs before the branch is seen to move. */
function signedStart(): { readonly source: MemorySource; readonly first: string } {
  const source = createMemorySource();
  return { source, first: pushSigned(source, '1.28', 'first') };
}

describe('a daemon that wants commits to be signed', () => {
  it('leaves the last good revision in force, says which commit is the matter, and tells people', async () => {
    const { source, first } = signedStart();
    const heard: Notification[] = [];
    const notifiers = [{ name: 'test', notify: async (one: Notification) => void heard.push(one) }];
    await using rig = createRig({ source, signatures, notifiers });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');

    const bad = source.push(shop('1.29'), 'Change\u001B[2J it');
    const above = pushSigned(source, '1.29', 'on top');
    await expect(rig.reconciler.refresh(NEVER)).rejects.toMatchObject({ code: 'COMMIT_NOT_VERIFIED' });

    const { error, revision } = rig.reconciler.repository();
    expect(revision?.commit).toBe(first);
    expect(error?.code).toBe('COMMIT_NOT_VERIFIED');
    expect(error?.message).toBe(
      `1 of 2 new commits cannot be trusted, and ${first.slice(0, 12)} is the last that counts: ${bad.slice(0, 12)} ` +
        String.raw`"Change\x1b[2J it" by Ada <ada@example.org> is not signed. To go on, have their authors sign them anew and push, or, ` +
        "if you trust them, name the newest as git.signatures.since of the operator's configuration",
    );
    expect(rig.jobs('shop')).toHaveLength(1);
    const told = await eventually(
      () => heard.find(({ type }) => type === 'findings'),
      (one) => one !== undefined,
    );
    expect(told).toMatchObject({
      subject: 'repository',
      code: 'COMMIT_NOT_VERIFIED',
      message: error?.message,
    });

    source.moveBranch(first);
    const good = pushSigned(source, '1.29', 'again');
    await rig.reconciler.refresh(NEVER);
    expect(rig.reconciler.repository()).toMatchObject({ error: null, revision: { commit: good } });
    expect(good).not.toBe(above);
    await rig.ended('shop', 2);
  });

  it('applies nothing at its first start while the tip is not signed, and counts what is before one that is', async () => {
    const source = createMemorySource();
    source.push(shop('1.28'), 'before signatures');
    await using rig = createRig({ source, signatures });
    await rig.reconciler.start();
    expect(rig.reconciler.repository()).toMatchObject({
      revision: null,
      error: { code: 'COMMIT_NOT_VERIFIED', message: expect.stringContaining('and nothing is applied: ') },
    });
    expect(() => rig.reconciler.listStacks()).toThrow('cannot be trusted');

    pushSigned(source, '1.28', 'signed');
    await rig.reaches('shop', 'in_sync');
  });

  it('looks at everything since a commit that the operator vouches for', async () => {
    const source = createMemorySource();
    const since = source.push(shop('1.28'), 'vouched for');
    source.push(shop('1.28'), 'in between');
    pushSigned(source, '1.29', 'signed');
    await using rig = createRig({ source, signatures: { rules, since } });
    await rig.reconciler.start();
    expect(rig.reconciler.repository().error?.message).toContain('"in between"');
    source.moveBranch(since);
    await rig.reaches('shop', 'in_sync');

    await using other = createRig({ source, signatures: { rules, since: 'f'.repeat(40) } });
    await other.reconciler.start();
    expect(other.reconciler.repository().error).toMatchObject({
      code: 'COMMIT_NOT_VERIFIED',
      message:
        'git.signatures.since names ffffffffffff, which is no commit of the repository: name one that is',
    });
  });

  it.each([true, false])(
    'goes on with the last good revision after a restart, remote: %s',
    async (hasRemote) => {
      const source = createMemorySource({ hasRemote });
      const first = pushSigned(source, '1.28', 'first');
      const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
      const rig = createRig({ source, signatures, store });
      await rig.reconciler.start();
      await rig.reaches('shop', 'in_sync');
      await rig.reconciler[Symbol.asyncDispose]();
      source.push(shop('1.29'), 'while it was away');
      pushSigned(source, '1.29', 'on top');

      await using next = createRig({ source, signatures, store });
      await next.reconciler.start();

      expect(next.reconciler.repository()).toMatchObject({
        revision: { commit: first },
        error: { code: 'COMMIT_NOT_VERIFIED', message: expect.stringContaining('1 of 2 new commits') },
      });
      expect(next.reconciler.getStack('shop').name).toBe('shop');
    },
  );

  it('does not begin anew when the commit that it knew is gone from the repository', async () => {
    const { source, first } = signedStart();
    const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
    const rig = createRig({ source, signatures, store });
    await rig.reconciler.start();
    await rig.reconciler[Symbol.asyncDispose]();
    source.moveBranch(null);
    const hidden = source.push(shop('1.29'), 'hidden below');
    source.forget(first);
    const tip = pushSigned(source, '1.29', 'signed');

    await using next = createRig({ source, signatures, store });
    await next.reconciler.start();
    expect(next.reconciler.repository().error?.message).toContain('is not in the repository any more');

    await using vouched = createRig({ source, signatures: { rules, since: hidden }, store });
    await vouched.reconciler.start();
    expect(vouched.reconciler.repository()).toMatchObject({ error: null, revision: { commit: tip } });
  });

  it('counts what is written over the API', async () => {
    const { source } = signedStart();
    await using rig = createRig({ source, signatures });
    await rig.reconciler.start();
    await rig.reaches('shop', 'in_sync');
    const actor = { name: 'Grace', email: 'grace@example.org' };

    const document = { version: '1.0', meta: { name: 'blog' }, services: { web: { image: 'nginx:1.29' } } };
    await rig.reconciler.createStack('blog', document, actor, NEVER);

    await rig.reaches('blog', 'in_sync');
    expect(rig.reconciler.repository().error).toBeNull();
  });

  it('applies nothing new while signatures cannot be checked', async () => {
    const { source, first } = signedStart();
    await using rig = createRig({ source, signatures });
    await rig.reconciler.start();
    source.verify = () => Promise.reject(new ReconcilerError('GIT_NOT_INSTALLED', 'there is no ssh-keygen'));
    pushSigned(source, '1.29');

    await expect(rig.reconciler.refresh(NEVER)).rejects.toMatchObject({ code: 'GIT_NOT_INSTALLED' });
    expect(rig.reconciler.repository().revision?.commit).toBe(first);
  });
});
