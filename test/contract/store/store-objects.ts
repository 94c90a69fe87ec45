import { expect, it } from 'vitest';
import type { ObjectHistoryEntry } from '../../../reconciler/ports/inventory/object-records.ts';
import type { ObjectRecords } from '../../../reconciler/ports/inventory/object-records.ts';

const entry = (object: string, at: number, more: Partial<ObjectHistoryEntry> = {}): ObjectHistoryEntry => ({
  object,
  at,
  action: 'updated',
  before: 'pending',
  after: 'running',
  message: `at ${at}`,
  changes: {},
  ...more,
});

/** Describes what every store must do with what is remembered of objects. */
export function describeObjectRecords(current: () => ObjectRecords): void {
  it('keeps the newest of what happened to each object', () => {
    const store = current();
    const scaled = entry('a', 3, { action: 'scaled', changes: { replicas: { from: 1, to: 2 } } });
    const made = entry('b', 1, { action: 'created', before: null });
    store.noteObjects([entry('a', 1), made, entry('a', 2)], 2);
    store.noteObjects([scaled], 2);

    expect(store.listObjectHistory('a')).toEqual([scaled, entry('a', 2)]);
    expect(store.listObjectHistory('b')).toEqual([made]);
    expect(store.listObjectHistory('c')).toEqual([]);
  });

  it('drops what is old, and the oldest of too many', () => {
    const store = current();
    store.noteObjects(
      [1, 2, 3, 4, 5].map((at) => entry('a', at)),
      10,
    );
    store.pruneObjectHistory(2, 3);
    expect(store.listObjectHistory('a').map(({ at }) => at)).toEqual([5, 4, 3]);
    store.pruneObjectHistory(5, 3);
    expect(store.listObjectHistory('a').map(({ at }) => at)).toEqual([5]);
  });

  it('keeps what each user has noted of an object, until it says nothing', () => {
    const store = current();
    const note = { object: 'b', tags: ['x', 'y'], notes: 'mine', isFavorite: false };
    store.saveObjectNote('ada', { ...note, notes: 'before' });
    store.saveObjectNote('ada', note);
    store.saveObjectNote('ada', { object: 'a', tags: [], notes: '', isFavorite: true });
    store.saveObjectNote('ben', { ...note, notes: 'his' });

    expect(store.listObjectNotes('ada').map(({ object }) => object)).toEqual(['a', 'b']);
    expect(store.getObjectNote('ada', 'b')).toEqual(note);
    expect(store.getObjectNote('ada', 'c')).toBeUndefined();
    store.saveObjectNote('ada', { object: 'b', tags: [], notes: '', isFavorite: false });
    expect(store.getObjectNote('ada', 'b')).toBeUndefined();
    expect(store.getObjectNote('ben', 'b')?.notes).toBe('his');
  });
}
