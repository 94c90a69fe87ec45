import { Ajv2020 } from 'ajv/dist/2020.js';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ReconcilerError } from '../../../reconciler/index.ts';
import planSchema from '../../../schemas/plan.schema.json' with { type: 'json' };
import { changingPlan, planOf, runFakeCli, type FakeWorld } from '../../support/cli/cli-harness.ts';

const directory = mkdtempSync(join(tmpdir(), 'kombinator-plan-file-'));
afterAll(() => rmSync(directory, { recursive: true }));

const changed: FakeWorld = { plans: { web: changingPlan('web'), db: planOf('db') } };

describe('a saved plan', () => {
  it('is applied as it was saved', async () => {
    const file = join(directory, 'web.plan.json');
    await runFakeCli(['plan', '--stack', 'web', '--out', file], changed);
    const { code, applied } = await runFakeCli(['apply', file], changed);
    expect(code).toBe(0);
    expect(applied).toMatchObject([{ stack: 'web', plan: changed.plans['web'] }]);
  });

  it('is written as Markdown beside it, for a pull request', async () => {
    const [saved, page] = [join(directory, 'both.json'), join(directory, 'both.md')];
    const { stderr } = await runFakeCli(['plan', '--out', saved, '--out', page], changed);
    expect(stderr).toContain(`written to ${page}`);
    expect(readFileSync(page, 'utf8')).toMatch(/^## Kombinator plan at `a{10}`\n[^]*\| `web` \| 1 \|/);
    expect((await runFakeCli(['apply', saved], changed)).code).toBe(0);
    const { code, stdout } = await runFakeCli(['plan', '--out', join(directory, 'none', 'x.md')], changed);
    expect([code, stdout]).toEqual([1, expect.stringContaining('Total of 2 stacks: 1 to create')]);
  });

  it('is refused with what moved', async () => {
    const file = join(directory, 'stale.plan.json');
    await runFakeCli(['plan', '--out', file], changed);
    const stale = new ReconcilerError(
      'PLAN_STALE',
      'the plan no longer holds: local/container/web has appeared',
    );
    const { code, stdout } = await runFakeCli(['apply', file], {
      ...changed,
      more: { apply: () => Promise.reject(stale) },
    });
    expect(code).toBe(1);
    expect(stdout).toContain('local/container/web has appeared [PLAN_STALE]\n  → make a new plan');
  });

  it('holds in another checkout of the same commit, and in no other', async () => {
    const file = join(directory, 'elsewhere.plan.json');
    await runFakeCli(['plan', '--stack', 'web', '--out', file], changed);
    const elsewhere = { ...changed, repository: { location: '/builds/other' } };
    expect((await runFakeCli(['apply', file], elsewhere)).applied).toHaveLength(1);
    const old = { plans: { web: changingPlan('web', { revision: 'b'.repeat(40) }) } };
    await runFakeCli(['plan', '--stack', 'web', '--out', file], old);
    const { code, stderr, applied } = await runFakeCli(['apply', file], elsewhere);
    expect([code, applied]).toEqual([1, []]);
    expect(stderr).toContain('at bbbbbbbbbb, and /builds/other is at aaaaaaaaaa [PLAN_STALE]');
    expect(stderr).toContain('a checkout of the same commit');
  });

  it('holds for the directory of the repository that it was made for, and for no other', async () => {
    const file = join(directory, 'rooted.plan.json');
    const home = { ...changed, repository: { root: 'deploy/home' } };
    await runFakeCli(['plan', '--stack', 'web', '--out', file], home);
    expect((await runFakeCli(['apply', file], home)).applied).toHaveLength(1);
    for (const [root, named] of [
      ['', 'the whole repository'],
      ['deploy/work', 'the directory deploy/work of the repository'],
    ] as const) {
      const { code, stderr, applied } = await runFakeCli(['apply', file], {
        ...changed,
        repository: { root },
      });
      expect([code, applied]).toEqual([1, []]);
      expect(stderr).toContain(
        `the plan was made for the directory deploy/home of the repository, and ${named} is read now [PLAN_STALE]`,
      );
    }
  });

  it.each([
    {
      what: 'was edited',
      edit: (text: string) => text.replace('"cause": "', '"cause": "quite another '),
      says: 'was changed after it was saved: its digest does not match',
    },
    {
      what: 'was saved before there were digests',
      edit: (text: string) => text.replace(/,\s*"digest": "[^"]*"/, ''),
      says: 'has no digest: a version before this one has saved it',
    },
  ])('is refused, and not shown, when the file $what', async ({ edit, says }) => {
    const file = join(directory, 'edited.json');
    await runFakeCli(['plan', '--stack', 'web', '--out', file], changed);
    const text = readFileSync(file, 'utf8');
    expect(edit(text)).not.toBe(text);
    writeFileSync(file, edit(text));
    const { code, stdout, stderr, applied } = await runFakeCli(['apply', file, '--yes'], changed);
    expect([code, stdout, applied]).toEqual([1, '', []]);
    expect(stderr).toContain(says);
    expect(stderr).toContain('kombinator plan --out');
  });

  it('may be laid out anew, and fits its schema', async () => {
    const world = { plans: { web: changingPlan('web', { desired: 'd'.repeat(32) }) } };
    const file = join(directory, 'web.plan.json');
    await runFakeCli(['plan', '--stack', 'web', '--out', file], world);
    const document: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const validate = new Ajv2020().addSchema(planSchema).getSchema(`${planSchema.$id}#/$defs/file`);
    expect(validate?.(document), JSON.stringify(validate?.errors)).toBe(true);
    writeFileSync(file, JSON.stringify(document));
    expect((await runFakeCli(['apply', file, '--yes'], world)).code).toBe(0);
  });

  it.each([
    { what: 'is not JSON', text: 'hello' },
    { what: 'is another document', text: '{"plans":[]}' },
    { what: 'is of another version', text: '{"format":"kombinator-plan","formatVersion":2}' },
  ])('is refused when the file $what', async ({ text }) => {
    const file = join(directory, 'strange.json');
    writeFileSync(file, text);
    const { code, stderr } = await runFakeCli(['apply', file], changed);
    expect(code).toBe(1);
    expect(stderr).toContain('is not a plan file of this version');
  });
});
