import { describe, expect, it } from 'vitest';
import { asNewlyDescribed, diffResource } from '../../../reconciler/plan/diff-resource.ts';
import { diffSpec } from '../../../reconciler/plan/diff-spec.ts';
import type { ObservedResource } from '../../../reconciler/model/resource.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import type { Spec } from '../../../reconciler/model/secret.ts';
import { running, wanted } from '../../support/builders.ts';

const BASE: Spec = { image: 'nginx:1.29', restart: { policy: 'always' }, resources: {} };
const web = (spec: Spec = {}) => wanted('container', 'web', { ...BASE, ...spec });

describe('diffResource', () => {
  it.each<{ when: string; want: Spec; have: ObservedResource | undefined; action: string; cause: string }>([
    { when: 'nothing is there', want: {}, have: undefined, action: 'create', cause: 'not found' },
    {
      when: 'it vanished from the target',
      want: {},
      have: running(web(), { health: { status: 'missing' } }),
      action: 'create',
      cause: 'not found',
    },
    { when: 'it is as described', want: {}, have: running(web()), action: 'no-op', cause: 'as described' },
    {
      when: 'the image differs',
      want: {},
      have: running(web({ image: 'nginx:1.28' })),
      action: 'replace',
      cause: 'image changed',
    },
    {
      when: 'only the restart policy differs',
      want: {},
      have: running(web(), { spec: { ...BASE, restart: { policy: 'no' } } }),
      action: 'update',
      cause: 'restart changed',
    },
    {
      when: 'image and limits differ',
      want: { resources: { memoryBytes: 1 } },
      have: running(web({ image: 'nginx:1.28' })),
      action: 'replace',
      cause: 'image, resources changed',
    },
    {
      when: 'it was stopped by hand',
      want: {},
      have: running(web(), { health: { status: 'stopped', reason: 'exited with 137' } }),
      action: 'update',
      cause: 'not running: exited with 137',
    },
    {
      when: 'it failed',
      want: {},
      have: running(web(), { health: { status: 'failed' } }),
      action: 'update',
      cause: 'not running: failed',
    },
    {
      when: 'it has completed',
      want: {},
      have: running(web(), { health: { status: 'completed' } }),
      action: 'no-op',
      cause: 'as described',
    },
    {
      when: 'its own check fails',
      want: {},
      have: running(web(), { health: { status: 'unhealthy' } }),
      action: 'no-op',
      cause: 'as described',
    },
    {
      when: 'an earlier replace was cut short',
      want: {},
      have: running(web(), { interrupted: true }),
      action: 'update',
      cause: 'an earlier change was interrupted',
    },
    {
      when: 'its labels carry no hash',
      want: {},
      have: running(web(), { hash: null }),
      action: 'no-op',
      cause: 'as described',
    },
    {
      when: 'it was made by a version that hashed differently',
      want: {},
      have: running(web(), { hash: 'other' }),
      action: 'replace',
      cause: 'hash changed',
    },
  ])('says $action when $when', ({ want, have, action, cause }) => {
    expect(diffResource(web(want), have)).toMatchObject({ action, cause });
  });

  it('sees that a secret value changed, and shows neither the old nor the new one', () => {
    const before = web({ env: { DB_PASSWORD: new Secret('hunter2', 'secret://env/DB') } });
    const after = web({ env: { DB_PASSWORD: new Secret('correct horse', 'secret://env/DB') } });

    const diff = diffResource(after, running(before));

    expect(diff.action).toBe('replace');
    expect(diff.cause).toBe('a secret value changed');
    expect(diff.fields).toEqual([{ path: 'env.DB_PASSWORD', before: '***', after: '***', sensitive: true }]);
    expect(JSON.stringify(diff)).not.toMatch(/hunter2|correct horse/);
  });

  it('tells of a hidden value beside a visible one, where it cannot be the same', () => {
    const env = (LEVEL: string, value: string) => ({
      env: { LEVEL, DB_PASSWORD: new Secret(value, 'secret://env/DB'), API_TOKEN: 'in-clear' },
    });
    const paths = (want: Spec, have: Spec) =>
      diffResource(web(want), running(web(have))).fields.map(({ path }) => path);
    expect(paths(env('debug', 'one'), env('info', 'one'))).toEqual(['env.LEVEL']);
    expect(paths(env('debug', 'two'), env('info', 'one'))).toEqual([
      'env.LEVEL',
      'env.API_TOKEN',
      'env.DB_PASSWORD',
    ]);
    expect(paths({ ...env('info', 'one'), restart: { policy: 'no' } }, env('info', 'one'))).toEqual([
      'restart.policy',
    ]);
  });

  it('does not replace only because the rules for masking have changed', () => {
    const spec = web({ env: { API_TOKEN: 'in-clear' } });
    const label = { ...BASE, env: { API_TOKEN: 'in-clear' } } as never;

    expect(diffResource(spec, running(spec, { spec: label })).action).toBe('no-op');
  });
});

describe('fields that may differ', () => {
  const free = (spec: Spec, ...ignoreDrift: string[]) => ({ ...web(spec), ignoreDrift });
  const have = running(web(), { spec: { ...BASE, restart: { policy: 'no' }, image: 'nginx:1.28' } });

  it('are no reason for a change, with all that is below them', () => {
    const moved = running(web(), { spec: { ...BASE, restart: { policy: 'no' } } });
    for (const field of ['restart', 'restart.policy'])
      expect(diffResource(free({}, field), moved)).toMatchObject({ action: 'no-op', fields: [] });
    for (const field of ['rest', 'restart.pol', 'image'])
      expect(diffResource(free({}, field), moved).action).toBe('update');
  });

  it('leave other differences, and count again under a new description', () => {
    expect(diffResource(free({}, 'restart'), have).fields.map(({ path }) => path)).toEqual(['image']);
    const changed = diffResource(free({ image: 'nginx:1.30' }, 'restart', 'image'), have);
    expect(changed.fields.map(({ path }) => path)).toEqual(['image', 'restart.policy']);
    // The hash of a container tells nothing of what is updated in place.
    const moved = running(web(), { spec: { ...BASE, restart: { policy: 'no' } } });
    expect(diffResource(asNewlyDescribed(free({}, 'restart')), moved).action).toBe('update');
  });

  it('are left where the target has compared, also what it could not change in place', () => {
    const fields = [{ path: 'spec.replicas', before: 3, after: 1 }];
    const dryRun = { fields, immutable: 'it is so', conflicts: [], refused: null };
    expect(diffResource(free({}, 'spec.replicas'), running(web(), { dryRun })).action).toBe('no-op');
    expect(diffResource(free({}, 'spec.paused'), running(web(), { dryRun })).action).toBe('replace');
  });
});

describe('diffSpec', () => {
  it.each([
    { before: { a: 1 }, after: { a: 1 }, want: [] },
    { before: { a: 1 }, after: {}, want: ['a: 1 → null'] },
    { before: {}, after: { a: { b: 1 } }, want: ['a: null → {"b":1}'] },
    { before: { a: { b: 1, c: 2 } }, after: { a: { b: 3, c: 2 } }, want: ['a.b: 1 → 3'] },
    { before: { p: [1, 2] }, after: { p: [1, 3, 4] }, want: ['p[1]: 2 → 3', 'p[2]: null → 4'] },
    { before: { p: [1, 2, 3] }, after: { p: [2, 3] }, want: ['p[0]: 1 → null'] },
    { before: { p: [1, 2, 4] }, after: { p: [1, 2, 3, 4] }, want: ['p[2]: null → 3'] },
    {
      before: { p: [1, 2, 3, 4, 9] },
      after: { p: [1, 5, 4, 9] },
      want: ['p[1]: 2 → 5', 'p[2]: 3 → null'],
    },
    { before: { p: [1, 1] }, after: { p: [1] }, want: ['p[1]: 1 → null'] },
    { before: { l: { 'a.b/c': 'x' } }, after: { l: { 'a.b/c': 'y' } }, want: ['l["a.b/c"]: "x" → "y"'] },
    { before: { a: [1] }, after: { a: { b: 1 } }, want: ['a: [1] → {"b":1}'] },
  ])('$before → $after', ({ before, after, want }) => {
    const got = diffSpec(before, after).map(
      (field) => `${field.path}: ${JSON.stringify(field.before)} → ${JSON.stringify(field.after)}`,
    );
    expect(got).toEqual(want);
  });
});
