import { NEWS_EVENTS } from '../../model/notify/events.ts';
import type { Notice, NoticeRecords } from '../../ports/notifier.ts';
import type { Access } from './access.ts';
import type { Row } from './rows.ts';
import { number, oneOf, optionalText, text } from './rows.ts';

const TYPES: readonly Notice['type'][] = [...NEWS_EVENTS, 'built', 'build_failed'];
const KEPT = 1_000;
/** Old ones are taken out after so many new ones. */
const PRUNED_EVERY = 100;

export function createNoticeRecords({ use, transaction }: Access): NoticeRecords {
  return {
    addNotice(notice) {
      let added = 0;
      transaction((statements) => {
        added = Number(statements.addNotice.run({ ...notice }).lastInsertRowid);
        if (added % PRUNED_EVERY !== 0) return;
        statements.pruneNotices.run(added - KEPT);
        statements.pruneNoticeReads.run(added - KEPT);
      });
      return { ...notice, number: added };
    },
    listNotices: (reader, { offset, limit }) =>
      use((statements) =>
        statements.listNotices
          .all({ reader, offset, limit })
          .map((row) => ({ ...toNotice(row), isRead: number(row, 'is_read') === 1 })),
      ),
    countNotices: (reader) =>
      use((statements) => {
        const row = statements.countNotices.get({ reader }) ?? {};
        return { total: number(row, 'total'), unread: number(row, 'unread') };
      }),
    markNotice: (reader, wanted) =>
      use((statements) => {
        if (statements.hasNotice.get(wanted, reader) === undefined) return false;
        statements.markNotice.run(reader, wanted);
        return true;
      }),
    markNotices: (reader) =>
      transaction((statements) => {
        statements.markNotices.run(reader);
        statements.clearNoticeReads.run(reader);
      }),
    lastNotices: () => use((statements) => statements.lastNotices.all().map(toNotice)),
  };
}

function toNotice(row: Row): Notice {
  return {
    number: number(row, 'number'),
    type: oneOf(row, 'type', TYPES),
    reader: optionalText(row, 'reader'),
    stack: text(row, 'stack'),
    subject: text(row, 'subject'),
    cause: text(row, 'cause'),
    revision: optionalText(row, 'revision'),
    message: optionalText(row, 'message'),
    job: optionalText(row, 'job'),
    time: text(row, 'time'),
  };
}
