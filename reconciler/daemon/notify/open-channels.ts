import { createAppriseNotifier } from '../../adapters/notifiers/apprise.ts';
import { createGotifyNotifier } from '../../adapters/notifiers/gotify.ts';
import { createMailNotifier } from '../../adapters/notifiers/mail.ts';
import { createMatrixNotifier } from '../../adapters/notifiers/matrix.ts';
import { createNtfyNotifier } from '../../adapters/notifiers/ntfy.ts';
import { createSlackNotifier } from '../../adapters/notifiers/slack.ts';
import { createWebhook } from '../../adapters/notifiers/webhook.ts';
import type { Channel } from '../../ports/notifier.ts';
import type { Notifier } from '../../ports/notifier.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { ChannelConfig, ChannelSettings } from './channels-config.ts';
import { createFreeze } from '../freeze-windows.ts';

/** Channels of the operator's configuration, with secrets that are looked up for each message. */
export function openChannels(
  configured: readonly ChannelConfig[],
  secrets: Pick<Secrets, 'resolve'>,
): readonly Channel[] {
  return configured.map(({ bind, quiet, ...config }) => {
    const hours = createFreeze(quiet);
    return {
      ...config,
      quietUntil: (now) => hours.at(config.name, now)?.until ?? null,
      notifier: openNotifier(
        `channel ${config.name}`,
        bind((reference) => secrets.resolve(reference)),
      ),
    };
  });
}

function openNotifier(name: string, channel: ChannelSettings): Notifier {
  switch (channel.type) {
    case 'webhook':
      return createWebhook(name, channel.settings);
    case 'slack':
      return createSlackNotifier(name, channel.settings);
    case 'ntfy':
      return createNtfyNotifier(name, channel.settings);
    case 'gotify':
      return createGotifyNotifier(name, channel.settings);
    case 'matrix':
      return createMatrixNotifier(name, channel.settings);
    case 'mail':
      return createMailNotifier(name, channel.settings);
    case 'apprise':
      return createAppriseNotifier(name, channel.settings);
    default:
      return channel satisfies never;
  }
}
