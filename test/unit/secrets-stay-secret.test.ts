import { generateIdentity, identityToRecipient } from 'age-encryption';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createSecrets } from '../../reconciler/adapters/secrets/secrets.ts';
import { createSqliteStore } from '../../reconciler/adapters/sqlite/sqlite-store.ts';
import { createDesiredState } from '../../reconciler/desired/desired-state.ts';
import { createFastClock } from '../support/fakes/fast-clock.ts';
import { createMemorySource } from '../support/memory/memory-source.ts';
import { createRig, file } from '../support/reconciler-rig.ts';
import { encryptAge, encryptSops } from '../support/sops-file.ts';

const SIGNAL = new AbortController().signal;
/** One for each way a secret comes in, and one that replaces another. */
const VALUES = [
  'Aa-from-sops',
  'Bb-from-age',
  'Cc-from-env',
  'Dd-from-file',
  'Ee-from-command',
  'Ff-rotated',
];

const STACK = `version: "1.0"
meta: { name: shop }
secrets:
  sops: { file: /shop.sops.yaml }
  age: { secret: "secret://age//key.age" }
services:
  web:
    image: nginx:1.29
    env:
      A: secret://sops//shop.sops.yaml#a
      B: "x\${secret:age//key.age}x"
      C: \${C}
      D: secret://file/d
      E: secret://command/print/now
    secrets: [sops, { source: age, target: /etc/key }]
    files: [{ target: /etc/conf, content: "c: \${secret:sops//shop.sops.yaml#a}" }]
`;

it('no secret value is in state, logs, tags, plans or answers', async () => {
  const stateDir = mkdtempSync(join(tmpdir(), 'kombinator-grep-'));
  mkdirSync(join(stateDir, 'secrets'));
  // Not a part of what is searched: the operator has put it there.
  writeFileSync(join(stateDir, 'secrets', 'd'), 'Dd-from-file');
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const env = { KOMBINATOR_AGE_KEY: identity, KOMBINATOR_SECRET_C: 'Cc-from-env' };
  const commands = new Map([['print', { words: [process.execPath, '-p', '"Ee-from-command"'] }]]);
  const secrets = createSecrets({ stateDir, env, commands });
  const source = createMemorySource();
  const store = createSqliteStore({ path: join(stateDir, 'kombinator.db'), clock: createFastClock() });
  const sealed = (a: string) => encryptSops({ a }, { recipients: [recipient] });
  const said: unknown[] = [];
  {
    await using rig = createRig({ source, store, desired: createDesiredState({ source, secrets }) });
    source.push({
      [file('shop')]: STACK,
      'shop.sops.yaml': await sealed('Aa-from-sops'),
      'key.age': await encryptAge('Bb-from-age', recipient),
    });
    const first = await rig.apply('shop');
    expect(first.job).toMatchObject({ status: 'completed', summary: { create: 2 } });
    source.push({ 'shop.sops.yaml': await sealed('Ff-rotated') });
    const plan = await rig.reconciler.plan({ stack: 'shop', actor: null, trigger: 'cli' }, SIGNAL);
    expect(JSON.stringify(plan)).toContain('***');
    const second = await rig.apply('shop');
    expect(second.job).toMatchObject({ status: 'completed', summary: { replace: 1 } });
    source.push({ 'shop.sops.yaml': (await sealed('Ff-rotated')).replace(/tag:[^,]{4}/, 'tag:AAAA') });
    const failed = await rig.apply('shop').catch((error: unknown) => String(error));
    expect(JSON.stringify(failed)).toContain('SECRET_NOT_DECRYPTED');
    said.push(first, plan, second, failed, rig.reconciler.listStacks(), rig.logger, rig.jobs('shop'));
    said.push(await source.tags('deploy/'), rig.reconciler.repository(), store.listStacks());
    for (const { id, planId } of rig.jobs('shop')) {
      said.push(store.listLogs(id), store.listSteps(id), planId === null ? null : store.getPlan(planId));
    }
  }
  const files = readdirSync(stateDir, { withFileTypes: true }).filter((entry) => entry.isFile());
  const kept = files.map((entry) => readFileSync(join(stateDir, entry.name), 'latin1'));
  expect(files.map(({ name }) => name)).toContain('kombinator.db');
  const everything = [JSON.stringify(said), ...kept].join('\n');
  expect(VALUES.filter((value) => everything.includes(value))).toEqual([]);
  expect(everything).not.toContain(identity);
  rmSync(stateDir, { recursive: true });
});
