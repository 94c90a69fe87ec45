import type { JsonObject } from '../../base/json.ts';
import { asFields, asList } from '../../base/values.ts';
import type { ObjectStatus } from '../../ports/inventory/inventory.ts';
import { OBJECT_STATUSES } from '../../ports/inventory/inventory.ts';
import type { ObjectHistoryEntry, ObjectNote, ObjectRecords } from '../../ports/inventory/object-records.ts';
import { OBJECT_ACTIONS } from '../../ports/inventory/object-records.ts';
import type { Access } from './access.ts';
import type { Row } from './rows.ts';
import { number, oneOf, optionalText, text } from './rows.ts';

export function createObjectRecords({ use, transaction }: Access): ObjectRecords {
  return {
    noteObjects(entries, keep) {
      transaction((statements) => {
        for (const { changes, ...entry } of entries)
          statements.noteObject.run({ ...entry, changes: JSON.stringify(changes) });
        for (const object of new Set(entries.map((entry) => entry.object)))
          statements.trimObject.run({ object, keep });
      });
    },
    listObjectHistory: (object) => use((statements) => statements.listObjectHistory.all(object).map(toEntry)),
    pruneObjectHistory: (before, max) =>
      use((statements) => void statements.pruneObjectHistory.run({ before, max })),
    listObjectNotes: (user) => use((statements) => statements.listObjectNotes.all(user).map(toNote)),
    getObjectNote: (user, object) =>
      use((statements) => {
        const row = statements.getObjectNote.get(user, object);
        return row === undefined ? undefined : toNote(row);
      }),
    saveObjectNote: (user, { object, tags, notes, isFavorite }) =>
      use((statements) => {
        if (tags.length === 0 && notes === '' && !isFavorite) statements.dropObjectNote.run(user, object);
        else
          statements.saveObjectNote.run({
            user,
            object,
            tags: JSON.stringify(tags),
            notes,
            favorite: isFavorite ? 1 : 0,
          });
      }),
  };
}

function toEntry(row: Row): ObjectHistoryEntry {
  const before = optionalText(row, 'before');
  return {
    object: text(row, 'object'),
    at: number(row, 'at'),
    action: oneOf(row, 'action', OBJECT_ACTIONS),
    before: before === null ? null : oneOf<ObjectStatus>(row, 'before', OBJECT_STATUSES),
    after: oneOf<ObjectStatus>(row, 'after', OBJECT_STATUSES),
    message: text(row, 'message'),
    changes: (asFields(JSON.parse(text(row, 'changes'))) ?? {}) as JsonObject,
  };
}

function toNote(row: Row): ObjectNote {
  const tags: unknown = JSON.parse(text(row, 'tags'));
  return {
    object: text(row, 'object'),
    tags: (asList(tags) ?? []).filter((tag) => typeof tag === 'string'),
    notes: text(row, 'notes'),
    isFavorite: number(row, 'favorite') === 1,
  };
}
