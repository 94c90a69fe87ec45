import { ReconcilerError } from '../../base/errors.ts';
import type { ObjectNote, ObjectRecords } from '../../ports/inventory/object-records.ts';

const MAX_TAGS = 50;
const MAX_TAG_LENGTH = 100;
const MAX_NOTE_LENGTH = 10_000;
/** Objects that one user has noted something of. */
const MAX_NOTES = 1_000;

/** Keeps a note in place of the one before. Throws BAD_OPTIONS for one that is too large, or one too many. */
export function saveNote(store: ObjectRecords, user: string, note: ObjectNote): void {
  const { object, tags, notes } = note;
  refuse(tags.length > MAX_TAGS, `there may be ${MAX_TAGS} tags at most`);
  refuse(
    tags.some((tag) => tag.length > MAX_TAG_LENGTH),
    `a tag may have ${MAX_TAG_LENGTH} characters at most`,
  );
  refuse(notes.length > MAX_NOTE_LENGTH, `a note may have ${MAX_NOTE_LENGTH} characters at most`);
  const isNew = store.getObjectNote(user, object) === undefined;
  refuse(
    isNew && store.listObjectNotes(user).length >= MAX_NOTES,
    `you have noted something of ${MAX_NOTES} objects; take something away first`,
  );
  store.saveObjectNote(user, { ...note, tags: [...new Set(tags)] });
}

function refuse(isWrong: boolean, why: string): void {
  if (isWrong) throw new ReconcilerError('BAD_OPTIONS', why);
}
