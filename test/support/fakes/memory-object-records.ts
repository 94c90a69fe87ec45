import type {
  ObjectHistoryEntry,
  ObjectNote,
  ObjectRecords,
} from '../../../reconciler/ports/inventory/object-records.ts';

/** History and notes of objects in memory. */
export function createMemoryObjectRecords(): ObjectRecords {
  let history: readonly ObjectHistoryEntry[] = [];
  const notes = new Map<string, ReadonlyMap<string, ObjectNote>>();
  const of = (user: string) => notes.get(user) ?? new Map<string, ObjectNote>();
  return {
    noteObjects(entries, keep) {
      const counts = new Map<string, number>();
      history = [...[...entries].reverse(), ...history].filter(({ object }) => {
        counts.set(object, (counts.get(object) ?? 0) + 1);
        return (counts.get(object) ?? 0) <= keep;
      });
    },
    listObjectHistory: (object) => history.filter((entry) => entry.object === object),
    pruneObjectHistory(before, max) {
      history = history.slice(0, max).filter(({ at }) => at >= before);
    },
    listObjectNotes: (user) => [...of(user).values()].sort((a, b) => (a.object < b.object ? -1 : 1)),
    getObjectNote: (user, object) => of(user).get(object),
    saveObjectNote(user, note) {
      const all = new Map(of(user)).set(note.object, note);
      if (note.tags.length === 0 && note.notes === '' && !note.isFavorite) all.delete(note.object);
      notes.set(user, all);
    },
  };
}
