import { generateIdentity, identityToRecipient } from 'age-encryption';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import type { ContainerSpec } from '../../../reconciler/model/docker/docker-spec.ts';
import { maskSpec } from '../../../reconciler/model/secret.ts';
import type { Secret } from '../../../reconciler/model/secret.ts';
import type { DesiredFixture } from '../../support/desired-fixtures.ts';
import { briefDiagnostics, createDesiredFixture, kombination } from '../../support/desired-fixtures.ts';
import { encryptAge, encryptSops } from '../../support/sops-file.ts';

const at = (name: string) => `kombinations/${name}/kombination.yaml`;
const signal = new AbortController().signal;
const SERVICES = [
  'web: { image: nginx, env: { PASSWORD: "secret://sops/../../db.sops.yaml#db.password" } }',
  'job: { image: busybox, env: { URL: "pg://${secret:sops//db.sops.yaml#db.user}@db" } }',
  'old: { image: busybox }',
];

describe('secrets of a repository', () => {
  let stateDir: string;
  let identity: string;
  let recipient: string;
  let fixture: DesiredFixture;
  const env: Record<string, string | undefined> = {};

  beforeAll(async () => {
    stateDir = mkdtempSync(join(tmpdir(), 'kombinator-desired-'));
    identity = await generateIdentity();
    recipient = await identityToRecipient(identity);
  });
  afterAll(() => rmSync(stateDir, { recursive: true }));
  beforeEach(() => {
    rmSync(join(stateDir, 'age.key'), { force: true });
    env['KOMBINATOR_AGE_KEY'] = identity;
    const commands = new Map([['say', { words: [process.execPath, '-p', 'process.argv[1]'] }]]);
    fixture = createDesiredFixture({ port: createSecrets({ stateDir, env, commands }) });
  });

  const sops = (password: string, user = 'eve') =>
    encryptSops({ db: { password, user } }, { recipients: [recipient] });
  const specOf = (service: string, stack = 'a') =>
    fixture.state.get(stack)?.resources.find(({ kind, name }) => kind === 'container' && name === service)
      ?.spec as ContainerSpec;
  const hashes = () =>
    Object.fromEntries(
      (fixture.state.get('a')?.resources ?? [])
        .filter(({ kind }) => kind === 'container')
        .map(({ name, hash }) => [name, hash]),
    );
  const reveal = (value: unknown) => (value as Secret).reveal();
  const brief = () => briefDiagnostics(fixture.state.diagnostics());

  it('are found, decrypted and filled in', async () => {
    await fixture.push({ [at('a')]: kombination('a', ...SERVICES), 'db.sops.yaml': await sops('hunter2') });
    expect(brief()).toEqual([]);
    expect(reveal(specOf('web').env?.['PASSWORD'])).toBe('hunter2');
    expect(reveal(specOf('job').env?.['URL'])).toBe('pg://eve@db');
    expect(JSON.stringify([fixture.state.get('a'), maskSpec(specOf('web'))])).not.toMatch(/hunter2|eve@/);
  });

  it('concern exactly the stacks and services that use them', async () => {
    await fixture.push({
      [at('a')]: kombination('a', ...SERVICES),
      [at('b')]: kombination('b'),
      'db.sops.yaml': await sops('hunter2'),
      'other.sops.yaml': await sops('x'),
    });
    const before = hashes();
    expect(await fixture.push({ 'other.sops.yaml': await sops('y') })).toEqual({ changed: [], removed: [] });
    expect(await fixture.push({ 'db.sops.yaml': await sops('hunter3') })).toEqual({
      changed: ['a'],
      removed: [],
    });
    const after = hashes();
    expect(Object.keys(after).filter((name) => after[name] !== before[name])).toEqual(['web']);
    // Encrypted anew, the same inside: looked at, and nothing to do.
    expect(await fixture.push({ 'db.sops.yaml': await sops('hunter3') })).toEqual({
      changed: ['a'],
      removed: [],
    });
    expect(hashes()).toEqual(after);
  });

  it('that cannot be decrypted are told with line, reference and recipients, and come with the key', async () => {
    env['KOMBINATOR_AGE_KEY'] = undefined;
    await fixture.push({ [at('a')]: kombination('a', ...SERVICES), 'db.sops.yaml': await sops('hunter2') });
    expect(brief()).toEqual([
      '4:41 error SECRET_NOT_DECRYPTED services.web.env.PASSWORD',
      '5:38 error SECRET_NOT_DECRYPTED services.job.env.URL',
    ]);
    expect(fixture.state.diagnostics()[0]?.message).toContain(recipient);
    expect(fixture.state.get('a')?.resources).toEqual([]);
    writeFileSync(join(stateDir, 'age.key'), `# created: today\n${identity}\n`, { mode: 0o600 });
    await fixture.state.refresh('a', signal);
    expect(brief()).toEqual([]);
    expect(reveal(specOf('web').env?.['PASSWORD'])).toBe('hunter2');
  });

  it.each([
    ['secret://sops//db.sops.yaml#db.nothing', 'SECRET_NOT_FOUND', 'db.sops.yaml has no db.nothing'],
    [
      'secret://sops/db.sops.yaml#x',
      'FILE_NOT_FOUND',
      'kombinations/a/db.sops.yaml is not in the repository',
    ],
    ['secret://sops/../../../x.yaml#x', 'PATH_OUTSIDE_REPOSITORY', 'out of the repository'],
    ['secret://age//db.sops.yaml', 'SECRET_NOT_DECRYPTED', 'it is not an age file'],
    ['secret://command/nobody/x', 'SECRET_NOT_FOUND', 'has no command nobody (it has: say)'],
    ['${secret:sops//db.sops.yaml}-', 'none', ''],
    ['${secret:sops//db.sops.yaml#nothing:-none}', 'none', ''],
    ['secret://vault/x', 'INVALID_FORMAT', 'is not a secret reference'],
  ])('%s gives %s', async (reference, code, message) => {
    const web = `web: { image: nginx, env: { X: '${reference}' } }`;
    await fixture.push({ [at('a')]: kombination('a', web), 'db.sops.yaml': await sops('hunter2') });
    const [found] = fixture.state.diagnostics();
    expect(found?.code ?? 'none').toBe(code);
    expect(found?.message ?? '').toContain(message);
    expect(found?.line ?? 4).toBe(4);
  });

  it('stand in for no default when they cannot be decrypted', async () => {
    env['KOMBINATOR_AGE_KEY'] = await generateIdentity();
    const web = "web: { image: nginx, env: { X: '${secret:sops//db.sops.yaml#db.user:-none}' } }";
    await fixture.push({ [at('a')]: kombination('a', web), 'db.sops.yaml': await sops('hunter2') });
    expect(fixture.state.diagnostics()).toMatchObject([{ code: 'SECRET_NOT_DECRYPTED' }]);
  });

  it('are files: whole ones, parts of texts, and in memory', async () => {
    const key = Buffer.from([0, 255, 10, 13]);
    const text = [
      'version: "1.0"',
      'meta: { name: a }',
      'secrets:',
      '  db: { secret: "secret://sops/db.sops.yaml#db.password" }',
      '  key: { file: key.age }',
      '  all: { file: db.sops.yaml }',
      '  token: { environment: TOKEN }',
      'services:',
      '  web:',
      '    image: nginx',
      '    secrets: [db, { source: key, target: tls/key, mode: "0400", uid: "7", gid: 8 }, { source: all, target: /etc/all }, token]',
      '    files:',
      '      - { target: /etc/app.conf, content: "user=$USER password=${secret:sops/db.sops.yaml#db.password}" }',
      '      - { target: /etc/plain.conf, content: "$HOME" }',
    ].join('\n');
    env['KOMBINATOR_SECRET_TOKEN'] = 'from-env';
    await fixture.push({
      [at('a')]: text,
      'kombinations/a/db.sops.yaml': await sops('hunter2'),
      'kombinations/a/key.age': await encryptAge(key, recipient),
    });
    expect(brief()).toEqual([]);
    const { secrets = [], files = [] } = specOf('web');
    expect(secrets).toMatchObject([
      { target: '/etc/all', mode: 0o444 },
      { target: '/run/secrets/db', mode: 0o444 },
      { target: '/run/secrets/tls/key', mode: 0o400, uid: 7, gid: 8 },
      { target: '/run/secrets/token', mode: 0o444 },
    ]);
    expect(Buffer.from(secrets[2]?.content.revealBytes() ?? [])).toEqual(key);
    expect([secrets[0], secrets[1], secrets[3]].map((file) => reveal(file?.content))).toEqual([
      'db:\n  password: hunter2\n  user: eve\n',
      'hunter2',
      'from-env',
    ]);
    expect(files.map((file) => ('content' in file ? reveal(file.content) : 'in the repository'))).toEqual([
      'user=$USER password=hunter2',
      'in the repository',
    ]);
    expect(JSON.stringify(maskSpec(specOf('web')))).not.toMatch(/hunter2|from-env/);
  });

  it('that are whole files lose one newline at the end as variables, and only there', async () => {
    const web = [
      'secrets: { all: { secret: "secret://age/pw.age" } }',
      'services:',
      '  web:',
      '    image: nginx',
      '    secrets: [all]',
      '    env: { AGE: "secret://age/pw.age", PART: "<${secret:age/pw.age}>", WHOLE: "secret://sops/db.sops.yaml" }',
    ].join('\n');
    await fixture.push({
      [at('a')]: `version: "1.0"\nmeta: { name: a }\n${web}\n`,
      'kombinations/a/db.sops.yaml': await sops('hunter2'),
      'kombinations/a/pw.age': await encryptAge('hunter2\n\n', recipient),
    });
    expect(brief()).toEqual([]);
    const { env: variables = {}, secrets = [] } = specOf('web');
    expect(reveal(variables['AGE'])).toBe('hunter2\n');
    expect(reveal(variables['PART'])).toBe('<hunter2\n>');
    expect(reveal(variables['WHOLE'])).toBe('db:\n  password: hunter2\n  user: eve');
    expect(reveal(secrets[0]?.content)).toBe('hunter2\n\n');
  });

  it('declared wrongly are told', async () => {
    const text = [
      'version: "1.0"',
      'meta: { name: a }',
      'secrets:',
      '  none: {}',
      '  both: { environment: X, secret: "secret://env/X" }',
      '  clear: { file: clear.txt }',
      'services:',
      '  web: { image: nginx, tmpfs: /run/secrets, secrets: [clear, claer, { source: clear, target: ../x }] }',
    ].join('\n');
    await fixture.push({ [at('a')]: text, 'kombinations/a/clear.txt': 'x' });
    expect(brief()).toEqual([
      '4:9 error REQUIRED secrets.none',
      '5:9 error INVALID_VALUE secrets.both',
      '6:18 warning SECRET_IN_CLEAR secrets.clear.file',
      '8:31 error INVALID_VALUE services.web.tmpfs',
      '8:62 error UNKNOWN_SECRET services.web.secrets[1]',
      '8:69 error INVALID_VALUE services.web.secrets[2]',
    ]);
  });

  it('in clear are told with the line that moves them', async () => {
    const services = [
      'web: { image: nginx, env: { DB_PASSWORD: hunter2, DB_PASSWORD_FILE: /x, TOKEN: "secret://env/T" } }',
      'db: { image: nginx, env: [TZ=UTC, "URL=postgres://app:hunter2@db/app", "API_TOKEN=${T:-x}"] }',
    ];
    env['KOMBINATOR_SECRET_T'] = 'from-env';
    await fixture.push({ [at('a')]: kombination('a', ...services) });
    expect(brief()).toEqual([
      '4:44 warning SECRET_IN_CLEAR services.web.env.DB_PASSWORD',
      '5:37 warning SECRET_IN_CLEAR services.db.env[1]',
    ]);
    const [first] = fixture.state.diagnostics();
    expect(first?.hint).toContain(`kombinator secret set DB_PASSWORD --from ${at('a')} moves it`);
    expect(JSON.stringify(fixture.state.diagnostics())).not.toContain('hunter2');
  });

  it('come from commands of the operator, asked again when they are old', async () => {
    const web = "web: { image: nginx, env: { X: 'secret://command/say/he said $HOME' } }";
    await fixture.push({ [at('a')]: kombination('a', web) });
    expect(brief()).toEqual([]);
    expect(reveal(specOf('web').env?.['X'])).toBe('he said $HOME');
  });

  it('are read and decrypted once for each content', async () => {
    const text = await sops('hunter2');
    await fixture.push({ [at('a')]: kombination('a', ...SERVICES), 'db.sops.yaml': text });
    env['KOMBINATOR_AGE_KEY'] = undefined;
    await fixture.push({ [at('b')]: kombination('b', ...SERVICES) });
    await fixture.state.refresh('b', signal);
    expect(brief()).toEqual([]);
    expect(fixture.state.check(kombination('c', ...SERVICES)).diagnostics).toEqual([]);
  });
});
