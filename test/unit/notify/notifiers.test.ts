import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAppriseNotifier } from '../../../reconciler/adapters/notifiers/apprise.ts';
import { createGotifyNotifier } from '../../../reconciler/adapters/notifiers/gotify.ts';
import { createMailNotifier } from '../../../reconciler/adapters/notifiers/mail.ts';
import type { MailSettings } from '../../../reconciler/adapters/notifiers/mail.ts';
import { createMatrixNotifier } from '../../../reconciler/adapters/notifiers/matrix.ts';
import { describeNotification } from '../../../reconciler/adapters/notifiers/message.ts';
import { createNtfyNotifier } from '../../../reconciler/adapters/notifiers/ntfy.ts';
import { createSlackNotifier } from '../../../reconciler/adapters/notifiers/slack.ts';
import { createWebhook } from '../../../reconciler/adapters/notifiers/webhook.ts';
import { isReconcilerError, ReconcilerError } from '../../../reconciler/base/errors.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { Notification, Notifier } from '../../../reconciler/ports/notifier.ts';
import type { SmtpServer } from '../../support/smtp-server.ts';
import { startSmtpServer } from '../../support/smtp-server.ts';

const OCCASION = {
  stack: 'shop',
  subject: 'stack/shop',
  cause: '0123456789abcdef',
  code: 'UNHEALTHY',
  revision: '0123456789abcdef0123',
  message: 'web: it <hangs> & *waits*',
  job: 'job_1',
  time: '2026-01-01T00:00:00.000Z',
} as const;
const FAILED: Notification = { type: 'failed', ...OCCASION };
const NEVER = new AbortController().signal;
const secret = (value: string) => () => new Secret(value, 'secret://file/x');

interface Heard {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

let heard: Heard[];
let answer: { status: number; body: string };
let server: ReturnType<typeof createServer>;
let url: string;
beforeEach(async () => {
  heard = [];
  answer = { status: 200, body: '' };
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      const { method, url: path, headers } = request;
      heard.push({ line: `${method} ${path}`, headers, body: JSON.parse(text) });
      response.writeHead(answer.status).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

async function failureOf(notifier: Notifier): Promise<ReconcilerError> {
  const error: unknown = await notifier.notify(FAILED, NEVER).catch((failure: unknown) => failure);
  if (isReconcilerError(error)) return error;
  throw new Error(`it threw ${String(error)}`);
}

describe('messages', () => {
  it.each<[Partial<Notification>, string, string]>([
    [
      { type: 'synced', tag: 'deploy/shop/1', message: null, code: null },
      'shop is deployed',
      'deploy/shop/1',
    ],
    [{ type: 'failed' }, 'shop failed', 'web: it <hangs> & *waits*'],
    [{ type: 'failed', stack: '', subject: 'repository' }, 'The repository cannot be read', 'UNHEALTHY'],
    [{ type: 'recovered', after: 'failed' }, 'shop is well again', ''],
    [{ type: 'recovered', subject: 'backup/shop' }, 'The backup of shop works again', ''],
    [{ type: 'recovered', stack: '', subject: 'node/attic' }, 'attic answers again', ''],
    [
      { type: 'drift', resources: Array.from({ length: 22 }, (_, index) => `r${index}`) },
      'shop differs from its description',
      'r19 and 2 more',
    ],
    [{ type: 'blocked' }, 'shop waits for a yes', ''],
    [{ type: 'frozen' }, 'shop waits: changes are frozen', ''],
    [{ type: 'node_away', stack: '', node: 'attic', stacks: ['a', 'b'] }, 'attic does not answer', 'a, b'],
    [{ type: 'backup_failed' }, 'The backup of shop failed', ''],
    [{ type: 'findings' }, 'shop has errors', 'UNHEALTHY, revision 0123456789'],
    [{ type: 'test' }, 'Kombinator: a test', ''],
  ])('%j', (more, title, part) => {
    const message = describeNotification({ ...FAILED, ...more } as Notification);
    expect(message.title).toBe(title);
    expect(message.text).toContain(part);
  });

  it('are bounded, and hold nothing that a terminal or a reader obeys', () => {
    const { text } = describeNotification({ ...FAILED, message: `\u001b[31m\u202e${'😀'.repeat(5_000)}` });
    expect(text.startsWith('\\x1b[31m\\u202e😀')).toBe(true);
    expect(text.length).toBeLessThan(1_600);
    expect(text.isWellFormed()).toBe(true);
  });
});

describe('requests', () => {
  it('a webhook gets the notification as it is, with headers of secrets', async () => {
    const headers = { Authorization: secret('Bearer hunter2'), 'X-Team': 'ops' };
    await createWebhook('hook', { url: secret(`${url}/hook?key=hunter22`), headers }).notify(FAILED, NEVER);
    expect(heard[0]?.line).toBe('POST /hook?key=hunter22');
    expect(heard[0]?.headers).toMatchObject({ authorization: 'Bearer hunter2', 'x-team': 'ops' });
    expect(heard[0]?.body).toEqual(FAILED);
  });

  it('Slack gets one text, in which nothing calls anybody', async () => {
    await createSlackNotifier('ops', { url: secret(`${url}/services/T/B/x`) }).notify(FAILED, NEVER);
    expect(heard[0]?.body).toEqual({
      text: ':red_circle: *shop failed*\nweb: it &lt;hangs&gt; &amp; *waits*\nUNHEALTHY, revision 0123456789',
    });
  });

  it('ntfy gets topic, title, priority and tags', async () => {
    const token = secret('tk_1');
    await createNtfyNotifier('phone', { url, topic: secret('my-topic'), token }).notify(FAILED, NEVER);
    expect(heard[0]?.line).toBe('POST /');
    expect(heard[0]?.headers.authorization).toBe('Bearer tk_1');
    expect(heard[0]?.body).toMatchObject({
      topic: 'my-topic',
      title: 'shop failed',
      priority: 4,
      tags: ['rotating_light'],
    });
    await createNtfyNotifier('phone', { url, topic: 'x' }).notify({ ...FAILED, type: 'blocked' }, NEVER);
    expect([heard[1]?.headers.authorization, heard[1]?.body]).toMatchObject([undefined, { priority: 3 }]);
  });

  it('Gotify gets a message of an application', async () => {
    await createGotifyNotifier('g', { url: `${url}/gotify/`, token: secret('A1') }).notify(FAILED, NEVER);
    expect([heard[0]?.line, heard[0]?.headers['x-gotify-key']]).toEqual(['POST /gotify/message', 'A1']);
    expect(heard[0]?.body).toMatchObject({ title: 'shop failed', priority: 8 });
  });

  it('Matrix gets the same message under the same id however often it is sent, and HTML that is none of the text', async () => {
    const matrix = createMatrixNotifier('m', { url, room: '!r:example.org', token: secret('syt') });
    await matrix.notify(FAILED, NEVER);
    await matrix.notify(FAILED, NEVER);
    await matrix.notify({ ...FAILED, time: '2026-01-02T00:00:00.000Z' }, NEVER);
    const [first, second, third] = heard.map(({ line }) => line);
    expect(first).toMatch(
      /^PUT \/_matrix\/client\/v3\/rooms\/!r%3Aexample\.org\/send\/m\.room\.message\/[0-9a-f]{32}$/,
    );
    expect([second === first, third === first]).toEqual([true, false]);
    expect(heard[0]?.headers.authorization).toBe('Bearer syt');
    expect(heard[0]?.body).toMatchObject({
      msgtype: 'm.text',
      formatted_body: expect.stringContaining('<strong>shop failed</strong><br>web: it &lt;hangs&gt; &amp; '),
    });
  });

  it('Apprise gets addresses and tags to pass on', async () => {
    const settings = { url: `${url}/notify`, urls: secret('mailto://u:p@x'), tags: ['ops', 'all'] };
    await createAppriseNotifier('a', settings).notify(FAILED, NEVER);
    await createAppriseNotifier('a', { url: `${url}/notify/key` }).notify(FAILED, NEVER);
    expect(heard.map(({ body }) => body)).toMatchObject([
      { title: 'shop failed', type: 'failure', urls: 'mailto://u:p@x', tag: 'ops,all' },
      { title: 'shop failed' },
    ]);
    expect(heard[1]?.body).not.toHaveProperty('urls');
  });

  it.each([
    [400, false],
    [403, false],
    [302, false],
    [408, true],
    [429, true],
    [503, true],
  ])('an answer of %i is tried again: %s', async (status, retryable) => {
    answer = { status, body: 'no \u001b[31mservice\n'.repeat(500) };
    const error = await failureOf(createSlackNotifier('ops', { url: `${url}/x` }));
    expect([error.code, error.retryable]).toEqual(['NOT_DELIVERED', retryable]);
    expect(
      error.message.startsWith(`127.0.0.1:${url.split(':').at(-1)} answered ${status}: no \\x1b[31m`),
    ).toBe(true);
    expect(error.message.length).toBeLessThan(220);
  });

  it('no failure holds a secret: what a server repeats is masked, and so is the address', async () => {
    const address = `${url}/services/T0000001/B0000002/hunter2hunter2?key=correct-horse`;
    for (const status of [404, 500]) {
      answer = { status, body: `no hook at ${address}, nor at /services/T0000001/B0000002/hunter2hunter2` };
      const error = await failureOf(createSlackNotifier('ops', { url: secret(address) }));
      expect(`${error.message} ${String(error.cause)}`).not.toMatch(/hunter2|correct-horse|B0000002/);
    }
    answer = { status: 401, body: 'the token tk_hunter2 is wrong' };
    const refused = await failureOf(
      createNtfyNotifier('n', { url, topic: 'x', token: secret('tk_hunter2') }),
    );
    expect(refused.message).toContain('the token *** is wrong');
    const wrong = await failureOf(createSlackNotifier('ops', { url: secret('hunter2 without a scheme') }));
    expect(wrong.message).toBe('its address is none of http or https');
    const odd = await failureOf(
      createNtfyNotifier('n', { url, topic: 'x', token: secret('hunter2\nhunter2') }),
    );
    expect(odd.message).not.toContain('hunter2');
    const missing = () => {
      throw new ReconcilerError('SECRET_NOT_FOUND', 'no secret "secret://file/slack"');
    };
    expect((await failureOf(createSlackNotifier('ops', { url: missing }))).code).toBe('SECRET_NOT_FOUND');
  });

  it('one that nobody answers is tried again, and ends with its signal', async () => {
    const closed = await failureOf(createSlackNotifier('ops', { url: 'http://127.0.0.1:1/x' }));
    expect([closed.retryable, closed.message.startsWith('127.0.0.1:1: ')]).toEqual([true, true]);
    const ended = AbortSignal.abort(new Error('over'));
    await expect(createSlackNotifier('ops', { url }).notify(FAILED, ended)).rejects.toThrow('over');
  });
});

describe('mail', () => {
  let smtp: SmtpServer;
  afterEach(() => smtp[Symbol.asyncDispose]());
  const settings = (more: Partial<MailSettings> = {}): MailSettings => ({
    host: '127.0.0.1',
    port: smtp.port,
    tls: 'none',
    from: 'Kombinator <kombinator@example.org>',
    to: ['ada@example.org', 'Bob <bob@example.org>'],
    ...more,
  });

  it('reaches everybody, with a thread for each subject and no answer from machines', async () => {
    smtp = await startSmtpServer({ password: 'hunter2' });
    const login = { username: 'kombinator', password: secret('hunter2') };
    const mail = createMailNotifier('mail', settings({ login }));
    await mail.notify({ ...FAILED, message: 'Größe\r\nBcc: eve@example.org' }, NEVER);
    await mail.notify({ type: 'recovered', after: 'failed', ...OCCASION }, NEVER);
    const [failed, recovered] = smtp.mails;
    expect(failed).toMatchObject({
      from: 'kombinator@example.org',
      to: ['ada@example.org', 'bob@example.org'],
      login: 'kombinator hunter2',
    });
    const header = (name: string, data = '') => new RegExp(`^${name}: (.*(?:\\n .*)*)`, 'm').exec(data)?.[1];
    expect(header('Subject', failed?.data)).toBe('shop failed');
    expect(header('Auto-Submitted', failed?.data)).toBe('auto-generated');
    expect(header('References', failed?.data)).toBe(header('References', recovered?.data));
    expect(header('Message-ID', failed?.data)).not.toBe(header('Message-ID', recovered?.data));
    expect(failed?.data.split('\n\n')[0]).not.toContain('eve@');
  });

  it.each([
    ['451 4.3.0 later, please', true],
    ['550 5.1.1 no such user', false],
  ])('a server that says %s is asked again: %s', async (text, retryable) => {
    smtp = await startSmtpServer();
    smtp.refuse(text);
    const error = await failureOf(createMailNotifier('mail', settings()));
    expect([error.code, error.retryable]).toEqual(['NOT_DELIVERED', retryable]);
    expect(error.message).toContain(text.slice(4));
  });

  it('tells of no password, sends none where encryption is asked for and not offered, and waits for no one', async () => {
    smtp = await startSmtpServer({ password: 'right' });
    const login = { username: 'kombinator', password: secret('hunter2hunter2') };
    const wrong = await failureOf(createMailNotifier('mail', settings({ login })));
    expect([wrong.retryable, wrong.message.includes('hunter2')]).toEqual([false, false]);
    const plain = await failureOf(createMailNotifier('mail', settings({ login, tls: 'starttls' })));
    expect(plain.message).toMatch(/STARTTLS/i);
    const away = await failureOf(createMailNotifier('mail', settings({ port: 1 })));
    expect(away.retryable).toBe(true);
    expect(smtp.mails).toEqual([]);
  });
});
