import { showText } from '../../base/shown-text.ts';
import type { Notification } from '../../ports/notifier.ts';

/** A notification in words for people. */
export interface Message {
  /** One line. */
  readonly title: string;
  /** Several lines, `''` when the title says all. */
  readonly text: string;
  /** `good` it is well, `bad` somebody has to look, `note` neither. */
  readonly level: 'good' | 'note' | 'bad';
}

/** Characters of a text; places that take messages cut or refuse longer ones. */
const MAX_TEXT = 1_500;
const MAX_NAMES = 20;

const LEVELS: Readonly<Record<Notification['type'], Message['level']>> = {
  synced: 'good',
  recovered: 'good',
  failed: 'bad',
  findings: 'bad',
  node_away: 'bad',
  backup_failed: 'bad',
  drift: 'note',
  blocked: 'note',
  frozen: 'note',
  test: 'note',
};

/** Words for a notification. Pure. */
export function describeNotification(notification: Notification): Message {
  const { type, message, revision, code } = notification;
  const facts = [code, revision === null ? null : `revision ${revision.slice(0, 10)}`];
  const lines = [message, ...detailsOf(notification), facts.filter((fact) => fact !== null).join(', ')];
  const text = lines.filter((line) => line !== null && line !== '').join('\n');
  return { title: titleOf(notification), text: cut(showText(text)), level: LEVELS[type] };
}

function titleOf(notification: Notification): string {
  const { stack, subject } = notification;
  const who = stack === '' ? 'The repository' : stack;
  switch (notification.type) {
    case 'synced':
      return `${who} is deployed`;
    case 'recovered':
      return titleOfEnd(who, subject);
    case 'failed':
      return stack === '' ? `${who} cannot be read` : `${who} failed`;
    case 'drift':
      return `${who} differs from its description`;
    case 'blocked':
      return `${who} waits for a yes`;
    case 'frozen':
      return `${who} waits: changes are frozen`;
    case 'node_away':
      return `${notification.node} does not answer`;
    case 'backup_failed':
      return `The backup of ${who} failed`;
    case 'findings':
      return `${who} has errors`;
    case 'test':
      return 'Kombinator: a test';
    default:
      return notification satisfies never;
  }
}

function titleOfEnd(who: string, subject: string): string {
  if (subject.startsWith('backup/')) return `The backup of ${who} works again`;
  if (subject.startsWith('node/')) return `${subject.slice('node/'.length)} answers again`;
  return `${who} is well again`;
}

function detailsOf(notification: Notification): readonly string[] {
  switch (notification.type) {
    case 'synced':
      return [notification.tag];
    case 'drift':
      return listNames('', notification.resources);
    case 'node_away':
      return listNames('stacks there: ', notification.stacks);
    default:
      return [];
  }
}

function listNames(before: string, names: readonly string[]): readonly string[] {
  if (names.length === 0) return [];
  const more = names.length > MAX_NAMES ? ` and ${names.length - MAX_NAMES} more` : '';
  return [`${before}${names.slice(0, MAX_NAMES).join(', ')}${more}`];
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}…`;
}
