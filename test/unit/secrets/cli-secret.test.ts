import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as git from 'isomorphic-git';
import fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSecrets } from '../../../reconciler/adapters/secrets/secrets.ts';
import { runFakeCli } from '../../support/cli/cli-harness.ts';

const DESCRIPTION = `version: "1.0"
meta: { name: shop }
services:
  web: { image: "nginx:1.29", env: { DB_PASSWORD: hunter2 } } # ours
`;

describe('secret set', () => {
  let base: string;
  let repo: string;
  let file: string;

  beforeEach(async () => {
    base = mkdtempSync(join(tmpdir(), 'kombinator-secret-'));
    repo = join(base, 'repo');
    file = join(repo, 'stacks/shop/kombination.yaml');
    mkdirSync(join(repo, 'stacks/shop'), { recursive: true });
    await git.init({ fs, dir: repo, defaultBranch: 'main' });
    writeFileSync(file, DESCRIPTION);
  });
  afterEach(() => rmSync(base, { recursive: true }));

  const run = (args: readonly string[], options: Parameters<typeof runFakeCli>[2] = {}) =>
    runFakeCli(
      ['secret', 'set', ...args, '--repo', repo, '--state-dir', join(base, 'state')],
      { plans: {} },
      options,
    );
  const open = async (path: string) => {
    const secrets = createSecrets({ stateDir: join(base, 'state'), env: {} });
    return (await secrets.open({ store: 'age', path, content: readFileSync(join(repo, path)) }))
      .get('')
      .reveal();
  };

  it('moves the value of a description into an age file, and refers to it', async () => {
    const { code, stdout, stderr } = await run(['DB_PASSWORD', '--from', 'stacks/shop/kombination.yaml']);

    expect([code, stdout]).toEqual([0, 'secret://age/secrets/DB_PASSWORD.age\n']);
    expect(readFileSync(file, 'utf8')).toBe(
      DESCRIPTION.replace('hunter2', 'secret://age/secrets/DB_PASSWORD.age'),
    );
    expect(await open('stacks/shop/secrets/DB_PASSWORD.age')).toBe('hunter2');
    expect(stderr).toContain(`made the age key ${join(base, 'state/age.key')}`);
    expect(stderr).toContain('change it where others may have read it');
    expect(`${stdout}${stderr}`).not.toContain('hunter2');
  });

  it('refers to it from the root in a Compose file, which may be another directory’s', async () => {
    const compose = join(repo, 'stacks/shop/compose.yaml');
    writeFileSync(compose, 'services: { db: { environment: [API_TOKEN=x1] } }\n');
    await run(['API_TOKEN', '--from', compose]);
    expect(readFileSync(compose, 'utf8')).toContain(
      'API_TOKEN=secret://age//stacks/shop/secrets/API_TOKEN.age',
    );
  });

  it('takes a value from the input, less the newline at its end, and replaces it the next time', async () => {
    const shop = join(repo, 'stacks/shop');
    const first = await run(['TOKEN', '--dir', shop, '--json'], { input: 'one\n' });
    const second = await run(['TOKEN', '--dir', shop, '--json'], { input: 'two' });

    expect(JSON.parse(first.stdout)).toMatchObject({
      name: 'TOKEN',
      reference: 'secret://age/secrets/TOKEN.age',
      path: 'stacks/shop/secrets/TOKEN.age',
      madeKey: join(base, 'state/age.key'),
      opensHere: true,
    });
    expect(JSON.parse(second.stdout)).toMatchObject({ madeKey: null });
    expect(await open('stacks/shop/secrets/TOKEN.age')).toBe('two');
  });

  it('asks on a terminal, and shows nothing of what is typed', async () => {
    const typed = { input: 'hunterä\u007f2\r', isTerminal: true };
    const { stdout } = await run(['TOKEN', '--dir', repo], typed);
    expect(stdout).toContain('Value of TOKEN:');
    expect(stdout).not.toContain('hunter');
    expect(await open('secrets/TOKEN.age')).toBe('hunter2');
    const off = await run(['OTHER', '--dir', repo], { input: 'x\u0003', isTerminal: true });
    expect([off.code, existsSync(join(repo, 'secrets/OTHER.age'))]).toEqual([1, false]);
  });

  it('replaces no secret with the value of a description', async () => {
    await run(['DB_PASSWORD', '--dir', join(repo, 'stacks/shop')], { input: 'other' });
    const { code, stderr } = await run(['DB_PASSWORD', '--from', file]);
    expect([code, readFileSync(file, 'utf8')]).toEqual([1, DESCRIPTION]);
    expect(stderr).toContain('DB_PASSWORD.age is there already; nothing was changed');
    expect((await run(['DB_PASSWORD', '--from', file, '--as', 'SHOP'])).stdout).toContain('secrets/SHOP.age');
  });

  it.each([
    { args: ['A', '--from', 'away.yaml'], why: 'there is no such file' },
    { args: ['A', '--from', 'stacks/shop/kombination.yaml'], why: 'no service has a value of A' },
    { args: ['A', '--as', 'B'], why: '--service and --as go with --from' },
    { args: ['A', '--dir', tmpdir()], why: 'is not in the repository' },
    { args: ['A', '--dir', '.', '--from', 'x'], why: '--dir and --from exclude each other' },
    { args: ['A', '--server', 'http://127.0.0.1:1'], why: 'leave out --server' },
  ])('refuses $args', async ({ args, why }) => {
    const { code, stderr } = await run(args, { input: 'x' });
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  });
});
