import { expect, it } from 'vitest';
import type { Store } from '../../../reconciler/ports/store.ts';
import { buildUser } from '../../support/records.ts';

/** Describes what every store must do with users. */
export function describeUserRecords(current: () => Store): void {
  it('gives users back as they were saved, oldest first', () => {
    const store = current();
    const ada = buildUser(1, { passwordHash: 'h' });
    const ben = buildUser(2, { external: { provider: 'corp', subject: '7' }, role: 'viewer' });

    expect([store.addUser(ben), store.addUser(ada)]).toEqual([ben, ada]);
    const changed = { ...ada, name: 'Ada L.', role: 'admin', tokenGeneration: 2 } as const;
    expect(store.saveUser(changed)).toBe(true);

    expect(store.listUsers()).toEqual([changed, ben]);
    expect(store.getUser(ada.id)).toEqual(changed);
    expect(store.findUserByIdentity({ provider: 'corp', subject: '7' })).toEqual(ben);
    expect(store.findUserByIdentity({ provider: 'corp', subject: '8' })).toBeUndefined();
    expect(store.getUser('unknown')).toBeUndefined();
    expect(store.saveUser(buildUser(3))).toBe(false);
  });

  it('finds a user by address whatever its case, and lets nobody else have it', () => {
    const store = current();
    store.addUser(buildUser(1, { email: 'Ärger@Example.org' }));
    store.addUser(buildUser(2, { external: { provider: 'corp', subject: '7' } }));

    expect(store.findUserByEmail('äRGER@example.ORG')?.id).toBe(buildUser(1).id);
    expect(store.addUser(buildUser(3, { email: 'ärger@example.org' }))).toBeUndefined();
    expect(store.addUser(buildUser(4, { external: { provider: 'corp', subject: '7' } }))).toBeUndefined();
    expect(store.addUser(buildUser(1, { email: 'new@example.org' }))).toBeUndefined();
    expect(store.saveUser(buildUser(2, { email: 'ärger@example.org' }))).toBe(false);
    expect(store.listUsers().map(({ id }) => id)).toEqual([buildUser(1).id, buildUser(2).id]);
  });

  it('gives a role to the very first user only', () => {
    const store = current();
    expect(store.hasUsers()).toBe(false);

    const roles = [1, 2].map((number) => store.addUser(buildUser(number), 'admin')?.role);

    expect(roles).toEqual(['admin', 'deployer']);
    expect(store.hasUsers()).toBe(true);
  });

  it('forgets a user that is deleted, whose address is free then', () => {
    const store = current();
    store.addUser(buildUser(1));

    expect([store.deleteUser(buildUser(1).id), store.deleteUser(buildUser(1).id)]).toEqual([true, false]);
    expect(store.addUser(buildUser(2, { email: buildUser(1).email }))?.id).toBe(buildUser(2).id);
  });

  it('keeps what is set about signing up', () => {
    const store = current();
    expect(store.getUserSettings()).toEqual({ inviteCode: null, regenerateAfterSignup: true });

    store.saveUserSettings({ inviteCode: '012345', regenerateAfterSignup: false });
    store.saveUserSettings({ inviteCode: '012346', regenerateAfterSignup: false });

    expect(store.getUserSettings()).toEqual({ inviteCode: '012346', regenerateAfterSignup: false });
  });
}
