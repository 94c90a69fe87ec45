import type { AppriseSettings } from '../../adapters/notifiers/apprise.ts';
import type { GotifySettings } from '../../adapters/notifiers/gotify.ts';
import type { Value } from '../../adapters/notifiers/http-notifier.ts';
import type { MailSettings } from '../../adapters/notifiers/mail.ts';
import type { MatrixSettings } from '../../adapters/notifiers/matrix.ts';
import type { NtfySettings } from '../../adapters/notifiers/ntfy.ts';
import type { SlackSettings } from '../../adapters/notifiers/slack.ts';
import type { WebhookSettings } from '../../adapters/notifiers/webhook.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asBoolean, asFields, asList, asNumber, asString, defined, own } from '../../base/values.ts';
import { DEFAULT_EVENTS, isNewsEvent } from '../../model/notify/events.ts';
import type { NewsEvent } from '../../model/notify/events.ts';
import type { Secret } from '../../model/secret.ts';
import type { ChannelType } from '../../ports/notifier.ts';
import { CHANNEL_TYPES } from '../../ports/notifier.ts';
import { readWindows } from '../freeze-config.ts';
import type { FreezeWindow } from '../freeze-windows.ts';

/** Looks up what `secret://…` names. */
type Resolve = (reference: string) => Secret;

/** Settings of each type, once references can be looked up. */
export type ChannelSettings =
  | { readonly type: 'webhook'; readonly settings: WebhookSettings }
  | { readonly type: 'slack'; readonly settings: SlackSettings }
  | { readonly type: 'ntfy'; readonly settings: NtfySettings }
  | { readonly type: 'gotify'; readonly settings: GotifySettings }
  | { readonly type: 'matrix'; readonly settings: MatrixSettings }
  | { readonly type: 'mail'; readonly settings: MailSettings }
  | { readonly type: 'apprise'; readonly settings: AppriseSettings };

/** One channel of `notifications`. */
export interface ChannelConfig {
  readonly name: string;
  readonly type: ChannelType;
  readonly events: readonly NewsEvent[];
  readonly stacks?: readonly string[];
  readonly isDefault: boolean;
  readonly quiet: readonly FreezeWindow[];
  readonly urgent: readonly NewsEvent[];
  /** Host that it leads to; `null` where the whole address is a secret. */
  readonly host: string | null;
  bind(resolve: Resolve): ChannelSettings;
}

/** Keys that say how a channel of the type is reached, and those of them that it cannot do without. */
const KEYS: Readonly<
  Record<ChannelType, { readonly needs: readonly string[]; readonly may: readonly string[] }>
> = {
  webhook: { needs: ['url'], may: ['headers'] },
  slack: { needs: ['url'], may: [] },
  ntfy: { needs: ['topic'], may: ['url', 'token'] },
  gotify: { needs: ['url', 'token'], may: [] },
  matrix: { needs: ['url', 'room', 'token'], may: [] },
  mail: { needs: ['host', 'from', 'to'], may: ['port', 'tls', 'username', 'password'] },
  apprise: { needs: ['url'], may: ['urls', 'tags'] },
};

const ALL_KEYS = [...new Set(Object.values(KEYS).flatMap(({ needs, may }) => [...needs, ...may]))];

/** Reads `notifications` of the operator's configuration, which the schema has passed. */
export function readChannels(listed: unknown, collector: DiagnosticCollector): readonly ChannelConfig[] {
  return Object.entries(asFields(listed) ?? {}).flatMap(([name, value]) =>
    readChannel(name, asFields(value) ?? {}, collector),
  );
}

function readChannel(name: string, fields: Fields, collector: DiagnosticCollector): readonly ChannelConfig[] {
  const type = CHANNEL_TYPES.find((known) => known === fields['type']);
  // Another type has been reported.
  if (type === undefined) return [];
  const path = ['notifications', name];
  checkKeys(type, fields, path, collector);
  const stacks = asList(fields['stacks'])?.filter((stack) => typeof stack === 'string');
  return [
    {
      name,
      type,
      events: readEvents(fields['events']) ?? DEFAULT_EVENTS,
      ...defined({ stacks }),
      isDefault: asBoolean(fields['default']) ?? true,
      quiet: readWindows(asList(fields['quiet']) ?? [], [...path, 'quiet'], collector),
      urgent: readEvents(fields['urgent']) ?? [],
      host: readHost(type, fields),
      bind: (resolve) => bindSettings(type, fields, resolve),
    },
  ];
}

function checkKeys(
  type: ChannelType,
  fields: Fields,
  path: readonly string[],
  collector: DiagnosticCollector,
): void {
  const { needs, may } = KEYS[type];
  for (const key of needs) {
    if (own(fields, key) === undefined)
      collector.error('REQUIRED', path, `a channel of the type ${type} needs ${key}`);
  }
  for (const key of ALL_KEYS) {
    if (own(fields, key) === undefined || needs.includes(key) || may.includes(key)) continue;
    const message = `${key} says nothing about a channel of the type ${type}`;
    collector.error('INVALID_VALUE', [...path, key], message, { at: 'key' });
  }
  if (type === 'slack' && asString(fields['url'])?.startsWith('http') === true)
    collector.error('SECRET_IN_CLEAR', [...path, 'url'], 'whoever has this address may write there', {
      hint: 'put it in a secret, and say secret://file/NAME',
    });
  if (fields['username'] !== undefined && fields['password'] === undefined)
    collector.error('REQUIRED', [...path, 'username'], 'a user name needs a password');
}

function readEvents(value: unknown): readonly NewsEvent[] | undefined {
  return asList(value)?.filter(isNewsEvent);
}

const DEFAULT_NTFY = 'https://ntfy.sh';

function readHost(type: ChannelType, fields: Fields): string | null {
  if (type === 'mail') return asString(fields['host']) ?? null;
  const url = asString(fields['url']) ?? (type === 'ntfy' ? DEFAULT_NTFY : '');
  return isReference(url) || !URL.canParse(url) ? null : new URL(url).host;
}

function isReference(text: string): boolean {
  return text.startsWith('secret://');
}

function bindSettings(type: ChannelType, fields: Fields, resolve: Resolve): ChannelSettings {
  const late = (key: string): Value | undefined => {
    const text = asString(own(fields, key));
    return text === undefined ? undefined : bindValue(text, resolve);
  };
  const text = (key: string): string => asString(own(fields, key)) ?? '';
  const url = late('url') ?? DEFAULT_NTFY;
  const token = late('token') ?? '';
  switch (type) {
    case 'webhook': {
      const headers = Object.entries(asFields(fields['headers']) ?? {}).flatMap(([name, value]) =>
        typeof value === 'string' ? [[name, bindValue(value, resolve)] as const] : [],
      );
      return { type, settings: { url, headers: Object.fromEntries(headers) } };
    }
    case 'slack':
      return { type, settings: { url } };
    case 'ntfy':
      return { type, settings: { url, topic: late('topic') ?? '', ...defined({ token: late('token') }) } };
    case 'gotify':
      return { type, settings: { url, token } };
    case 'matrix':
      return { type, settings: { url, room: text('room'), token } };
    case 'mail':
      return { type, settings: bindMail(fields, resolve) };
    case 'apprise': {
      const tags = asList(fields['tags'])?.filter((tag) => typeof tag === 'string');
      return { type, settings: { url, ...defined({ urls: late('urls'), tags }) } };
    }
    default:
      return type satisfies never;
  }
}

/** Secrets may change: each message looks them up. */
function bindValue(text: string, resolve: Resolve): Value {
  return isReference(text) ? () => resolve(text) : text;
}

const PORTS = { starttls: 587, implicit: 465, none: 25 } as const;

function bindMail(fields: Fields, resolve: Resolve): MailSettings {
  const given = asNumber(fields['port']);
  const written = fields['tls'];
  const usual = given === PORTS.implicit ? 'implicit' : 'starttls';
  const tls = written === 'implicit' || written === 'starttls' || written === 'none' ? written : usual;
  const username = asString(fields['username']);
  const password = asString(fields['password']) ?? '';
  return {
    host: asString(fields['host']) ?? '',
    port: given ?? PORTS[tls],
    tls,
    ...(username === undefined ? {} : { login: { username, password: () => resolve(password) } }),
    from: asString(fields['from']) ?? '',
    to: (asList(fields['to']) ?? []).filter((address) => typeof address === 'string'),
  };
}
