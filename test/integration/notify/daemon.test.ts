import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CliProcess, RunningCli } from '../../support/cli/cli-process.ts';
import { createCliProcess } from '../../support/cli/cli-process.ts';
import { eventually } from '../../support/eventually.ts';
import type { TestRepository } from '../../support/git/git-repo.ts';
import { commitFiles, createWorkRepo } from '../../support/git/git-repo.ts';
import type { SmtpServer } from '../../support/smtp-server.ts';
import { startSmtpServer } from '../../support/smtp-server.ts';

/* The command and a daemon as processes, with a mail server that wants TLS and a password, and a receiver of webhooks. */

const PASSWORD = 'correct-horse-battery';
const TOKEN = 'hunter2-and-more';
const stack = (name: string, rest: string) =>
  `version: "1.0"\nmeta: { name: ${name} }\nservices: { web: { ${rest} } }\n`;

const directory = mkdtempSync(join(tmpdir(), 'kombinator-notify-'));
const at = (name: string) => join(directory, name);
const hooks: { readonly url: string; readonly body: Record<string, unknown> }[] = [];
const receiver = createServer((request, response) => {
  let text = '';
  request.on('data', (chunk: Buffer) => (text += chunk.toString()));
  request.on('end', () => {
    hooks.push({ url: request.url ?? '', body: JSON.parse(text) as Record<string, unknown> });
    response.writeHead(request.url?.includes('gone') === true ? 404 : 204).end();
  });
});
let smtp: SmtpServer;
let cli: CliProcess;
let repository: TestRepository;
let daemon: RunningCli | undefined;

beforeAll(async () => {
  const key = [
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-keyout',
    at('key.pem'),
  ];
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', ['req', '-x509', '-days', '2', ...key, ...name, '-out', at('cert.pem')], {
    stdio: 'ignore',
  });
  smtp = await startSmtpServer({ tls: { cert: at('cert.pem'), key: at('key.pem') }, password: PASSWORD });
  await new Promise<void>((resolve) => void receiver.listen(0, '127.0.0.1', resolve));
  const { port } = receiver.address() as AddressInfo;
  cli = await createCliProcess({ NODE_EXTRA_CA_CERTS: at('cert.pem'), KOMBINATOR_SECRET_MAIL: PASSWORD });
  mkdirSync(join(cli.stateDir, 'secrets'), { recursive: true });
  writeFileSync(join(cli.stateDir, 'secrets/hook'), `http://127.0.0.1:${port}/hook/${TOKEN}\n`);
  writeFileSync(join(cli.stateDir, 'secrets/gone'), `http://127.0.0.1:${port}/gone/${TOKEN}\n`);
  const mail = `{ type: mail, host: localhost, port: ${smtp.port}, username: kombinator, password: secret://env/MAIL, from: k@example.org, to: [ada@example.org] }`;
  writeFileSync(
    at('operator.yaml'),
    `notifications:\n  hook: { type: webhook, url: secret://file/hook }\n  mail: ${mail}\n  gone: { type: slack, url: secret://file/gone, default: false }\n`,
  );
  repository = await createWorkRepo();
  await commitFiles(repository, { 'kombinations/a/kombination.yaml': stack('a', 'image: 5') }, 'broken');
});
afterAll(async () => {
  await daemon?.[Symbol.asyncDispose]();
  await cli[Symbol.asyncDispose]();
  await smtp[Symbol.asyncDispose]();
  await repository[Symbol.asyncDispose]();
  await new Promise((resolve) => receiver.close(resolve));
  rmSync(directory, { recursive: true });
});

const place = () => ['--repo', repository.path, '--state-dir', cli.stateDir, '--config', at('operator.yaml')];

it('a command tries every channel, over TLS with a password, and says which does not work', async () => {
  const { code, stdout, stderr } = await cli.spawn('notify', 'test', ...place());
  const lines = stdout.split('\n');
  expect([code, stderr]).toEqual([1, '']);
  expect(lines[0]).toMatch(/^gone\tfailed\t127\.0\.0\.1:\d+ answered 404$/);
  expect(lines.slice(1)).toEqual(['hook\tdelivered\t', 'mail\tdelivered\t', '']);
  expect(hooks.find(({ url }) => url === `/hook/${TOKEN}`)?.body).toMatchObject({ type: 'test' });
  expect(smtp.mails).toMatchObject([
    { encrypted: true, login: `kombinator ${PASSWORD}`, to: ['ada@example.org'] },
  ]);
});

it('a daemon tells of a broken description once, on every channel that is for it, and logs no secret', async () => {
  hooks.length = 0;
  daemon = cli.start('serve', ...place(), '--no-auth', '--listen', '127.0.0.1:0', '--log-format', 'json');
  const running = daemon;
  const told = () => /"api":"(http:\/\/[^/"]+)/.exec(running.stdout() + running.stderr())?.[1] ?? '';
  const url = await eventually(told, (found) => found !== '', 60_000);
  expect(url, running.stderr()).not.toBe('');
  await eventually(
    () => [hooks.length, smtp.mails.length],
    ([hooked = 0, mailed = 0]) => hooked > 0 && mailed > 1,
    60_000,
  );
  const [news] = hooks.map(({ body }) => body);
  expect(news).toMatchObject({ type: 'findings', stack: 'a', subject: 'stack/a', code: 'INVALID_TYPE' });
  expect(news?.['cause']).toMatch(/^[0-9a-f]{16}$/);
  expect(smtp.mails[1]?.data).toMatch(/^Subject: a has errors$/m);

  const tested = await cli.run('notify', 'test', 'gone', '--server', url);
  expect([tested.code, tested.stderr, tested.stdout]).toEqual([
    1,
    '',
    expect.stringMatching(/^gone\tfailed\t127.* answered 404\n$/),
  ]);
  const metrics = await (await fetch(`${url}/metrics`)).text();
  expect(metrics).toContain('kombinator_stack_state{stack="a",state="invalid"} 1');
  expect(metrics).toContain('kombinator_notifications_total{channel="hook",result="delivered"} 1');
  daemon.child.kill('SIGTERM');
  const { stdout, stderr } = await daemon.ended;
  expect(`${stdout}${stderr}`).not.toMatch(new RegExp(`${TOKEN}|${PASSWORD}`));
  expect(readFileSync(at('operator.yaml'), 'utf8')).not.toContain(TOKEN);
});
