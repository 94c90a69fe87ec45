import { describe, expect, it } from 'vitest';
import type { KeyStore } from '../../../api/cli/session/session.ts';
import { createSqliteStore } from '../../../reconciler/adapters/sqlite/sqlite-store.ts';
import type { GitHostSetup } from '../../../reconciler/index.ts';
import { ReconcilerError, Secret } from '../../../reconciler/index.ts';
import { DEFAULT_HOST_SETTINGS } from '../../../reconciler/ports/hosts/host-settings.ts';
import { runFakeCli } from '../../support/cli/cli-harness.ts';
import { createFastClock } from '../../support/fakes/fast-clock.ts';
import type { HostDouble } from '../../support/hosts/host-double.ts';
import { startHostDouble } from '../../support/hosts/host-double.ts';
import { HOSTS, openHost } from '../../support/hosts/host-suite.ts';

const REFERENCE = 'secret://file/hook';
const PAGE = 'https://kombinator.example.org';
const ADDRESS = `${PAGE}/api/hooks/config`;

interface World extends Disposable {
  run(argv: readonly string[], setup: GitHostSetup | null): ReturnType<typeof runFakeCli>;
  readonly actions: () => readonly string[];
}

function createWorld(): World {
  const store = createSqliteStore({ path: ':memory:', clock: createFastClock() });
  const keysOf = (setup: GitHostSetup | null): KeyStore => ({
    listKeys: () => [],
    saveKey: () => {},
    deleteKey: () => {},
    users: store,
    audit: store,
    begun: { has: () => false, note: () => {} },
    gitHost: () => setup,
    hashPassword: (password) => Promise.resolve(password),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  return {
    run: (argv, setup) => runFakeCli(['hook', '--no-color', ...argv], { plans: {} }, { keys: keysOf(setup) }),
    actions: () => store.listAudit({ limit: 10, offset: 0 }).entries.map(({ action }) => action),
    [Symbol.dispose]: () => store[Symbol.dispose](),
  };
}

function setupOf(parts: (typeof HOSTS)[number], double: HostDouble): GitHostSetup {
  return {
    host: openHost(parts, double),
    settings: { ...DEFAULT_HOST_SETTINGS, page: PAGE },
    hookSecret: { reference: REFERENCE, resolve: () => new Secret(`${parts.hookSecret}\n`, REFERENCE) },
  };
}

describe.each(HOSTS)('kombinator hook, at $name', (parts) => {
  it('prints what to enter, and the secret only when it is asked for', async () => {
    using world = createWorld();
    await using double = await startHostDouble(parts.dialect);
    const setup = setupOf(parts, double);
    const form = await world.run([], setup);
    expect([form.code, form.stderr]).toEqual([0, expect.stringContaining('--install')]);
    const [first, ...rows] = form.stdout.trim().split('\n');
    expect(first).toMatch(new RegExp(`^page\t${double.address}/`));
    expect(rows.filter((row) => row.endsWith(`\t${ADDRESS}`))).toHaveLength(1);
    expect(form.stdout).toContain(REFERENCE);
    expect(form.stdout + form.stderr).not.toContain(parts.hookSecret);
    const shown = await world.run(['--show-secret', '--json'], setup);
    expect(JSON.parse(shown.stdout)).toMatchObject({
      kind: parts.kind,
      address: ADDRESS,
      secret: REFERENCE,
      secret_value: parts.hookSecret,
    });
    expect(double.requests).toEqual([]);
    expect(world.actions()).toEqual([]);
  });

  it('sets the hook up, which is written down', async () => {
    using world = createWorld();
    await using double = await startHostDouble(parts.dialect);
    const setup = setupOf(parts, double);
    for (const argv of [['--install'], ['--install', '--address', 'https://other.example.org/']]) {
      const { code, stdout } = await world.run(argv, setup);
      expect([code, stdout]).toEqual([0, expect.stringContaining(double.origin)]);
    }
    const hooks = [...double.world.hooks.values()].map(({ address, secret }) => [address, secret]);
    expect(hooks).toEqual([
      [ADDRESS, parts.hookSecret],
      ['https://other.example.org/api/hooks/config', parts.hookSecret],
    ]);
    expect(world.actions()).toEqual(['hook install', 'hook install']);
  });
});

describe('kombinator hook', () => {
  it.each([
    { when: 'there is no host', change: null, argv: [], says: 'names no host' },
    { when: 'there is no secret', change: { hookSecret: null }, argv: [], says: 'git.host.webhook' },
    {
      when: 'the daemon has no address',
      change: { settings: DEFAULT_HOST_SETTINGS },
      argv: [],
      says: 'git.host.page',
    },
    { when: 'the address is none', change: {}, argv: ['--address', 'kombinator'], says: 'no address' },
    { when: 'a daemon is asked', change: {}, argv: ['--server', 'http://127.0.0.1:1'], says: '--server' },
    {
      when: 'the secret is not there',
      change: {
        hookSecret: {
          reference: REFERENCE,
          resolve: () => {
            throw new ReconcilerError('SECRET_NOT_FOUND', `there is no ${REFERENCE}`);
          },
        },
      },
      argv: [],
      says: REFERENCE,
    },
  ])('says what is missing when $when', async ({ change, argv, says }) => {
    using world = createWorld();
    const [parts] = HOSTS;
    if (parts === undefined) throw new Error('there is no host');
    await using double = await startHostDouble(parts.dialect);
    const setup = change === null ? null : { ...setupOf(parts, double), ...change };
    const { code, stderr } = await world.run(argv, setup);
    expect([code, stderr]).toEqual([1, expect.stringContaining(says)]);
  });

  it('tells that the host refuses, and writes nothing down', async () => {
    using world = createWorld();
    const [parts] = HOSTS;
    if (parts === undefined) throw new Error('there is no host');
    await using double = await startHostDouble(parts.dialect);
    double.fail({ status: 403, body: { message: 'Resource not accessible by personal access token' } });
    const { code, stderr } = await world.run(['--install'], setupOf(parts, double));
    expect([code, stderr]).toEqual([1, expect.stringContaining('not accessible')]);
    expect(world.actions()).toEqual([]);
  });
});
