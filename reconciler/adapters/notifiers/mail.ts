import { canonicalJson, sha256 } from '../../base/json.ts';
import type { Json } from '../../base/json.ts';
import { ReconcilerError } from '../../base/errors.ts';
import type { Secret } from '../../model/secret.ts';
import { asFields, asNumber } from '../../base/values.ts';
import { createTextMask } from '../../model/secret.ts';
import type { Notification, Notifier } from '../../ports/notifier.ts';
import { toNotDelivered } from './http-notifier.ts';
import { describeNotification } from './message.ts';

export interface MailSettings {
  readonly host: string;
  readonly port: number;
  /** `implicit` from the first byte, `starttls` before anything else is said, `none` never. */
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly login?: { readonly username: string; readonly password: () => Secret };
  /** Address, with or without a name: `Kombinator <kombinator@example.org>`. */
  readonly from: string;
  readonly to: readonly string[];
}

/** Below the deadline of one attempt, so that the reason is told. */
const TIMEOUT_MS = 8_000;

/** Sends each notification as a mail of its own; those of one subject make a thread. Throws NOT_DELIVERED, and what looking up the password throws. */
export function createMailNotifier(name: string, settings: MailSettings): Notifier {
  const { host, login } = settings;
  return {
    name,
    async notify(notification, signal) {
      // Only those who send mail need it.
      const { createTransport } = await import('nodemailer');
      const password = login?.password().reveal();
      const transport = createTransport({
        ...connectionOf(settings),
        ...(login && password !== undefined ? { auth: { user: login.username, pass: password } } : {}),
      });
      try {
        await transport.sendMail(buildMail(settings, notification));
      } catch (error) {
        signal.throwIfAborted();
        throw toFailure(error, host, secretsOf(login?.username, password));
      } finally {
        transport.close();
      }
    },
  };
}

function connectionOf({ host, port, tls }: MailSettings) {
  return {
    host,
    port,
    secure: tls === 'implicit',
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

function buildMail({ from, to }: MailSettings, notification: Notification) {
  const { title, text } = describeNotification(notification);
  const domain = /@([^>\s]+)>?$/.exec(from)?.[1] ?? 'kombinator';
  const id = (content: string) => `<${sha256(content).slice(0, 32)}@${domain}>`;
  return {
    from,
    to: [...to],
    subject: title,
    text: text === '' ? title : text,
    // The same mail that is sent again has the same id, and is shown once.
    messageId: id(canonicalJson(notification as unknown as Json)),
    references: id(notification.subject),
    headers: { 'Auto-Submitted': 'auto-generated' },
  };
}

/** The password, and how it is sent. */
function secretsOf(username = '', password = ''): readonly string[] {
  return password === '' ? [] : [password, `\0${username}\0${password}`];
}

/** Refusals are final: of the password, and those of 500 and more. */
function toFailure(error: unknown, host: string, secrets: readonly string[]): ReconcilerError {
  const fields = asFields(error);
  const isFinal = fields?.['code'] === 'EAUTH' || (asNumber(fields?.['responseCode']) ?? 0) >= 500;
  const { message } = toNotDelivered(error, host, createTextMask(secrets));
  return new ReconcilerError('NOT_DELIVERED', message, { retryable: !isFinal });
}
