import type { Notifier } from '../../ports/notifier.ts';
import type { Value } from './http-notifier.ts';
import { createHttpNotifier } from './http-notifier.ts';
import type { Message } from './message.ts';
import { describeNotification } from './message.ts';

export interface SlackSettings {
  /** Address of an incoming webhook; whoever has it may write there. */
  readonly url: Value;
}

const SIGNS: Readonly<Record<Message['level'], string>> = {
  good: ':white_check_mark:',
  note: ':information_source:',
  bad: ':red_circle:',
};

/** Incoming webhooks of Slack, and of what takes the same: Mattermost, Rocket.Chat, Zulip, Discord (with `/slack` at the end of the address). */
export function createSlackNotifier(name: string, { url }: SlackSettings): Notifier {
  return createHttpNotifier({
    name,
    buildRequest: (notification, read) => {
      const { title, text, level } = describeNotification(notification);
      const lines = [`${SIGNS[level]} *${escape(title)}*`, ...(text === '' ? [] : [escape(text)])];
      return { url: read(url), body: { text: lines.join('\n') } };
    },
  });
}

/** The three characters that mean something in a message: with them, a text could call everybody or show another address than it leads to. */
function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
