import { describe, expect, it } from 'vitest';
import { buildLabels } from '../../../reconciler/adapters/docker/labels.ts';
import type { DesiredResource, ObservedResource } from '../../../reconciler/model/resource.ts';
import { hashSpec, sealResource } from '../../../reconciler/model/resource.ts';
import { Seal } from '../../../reconciler/model/seal.ts';
import { Secret } from '../../../reconciler/model/secret.ts';
import { stackDigest } from '../../../reconciler/model/stack.ts';
import { findStaleness } from '../../../reconciler/plan/compare-plans.ts';
import { describeDeployment } from '../../../reconciler/run/record/deployment-tag.ts';
import { planFor, REVISION, running, wanted } from '../../support/builders.ts';

const sealOf = (byte: number) => new Seal(() => new Uint8Array(32).fill(byte));
const OURS = sealOf(1);
const THEIRS = sealOf(2);

const secret = (value: string) => new Secret(value, 'secret://env/DB');
const web = (value: string, more: object = {}) =>
  wanted('container', 'web', { image: 'web:1', env: { PASSWORD: secret(value) }, ...more });
const sealed = (value: string, seal: Seal = OURS, more: object = {}) => sealResource(web(value, more), seal);

function planned(desired: DesiredResource, from: DesiredResource, more: Partial<ObservedResource> = {}) {
  const [change] = planFor({ desired: [desired], observed: [running(from, more)] }).changes;
  return { action: change?.action, fields: change?.fields.map(({ path }) => path), cause: change?.cause };
}

/** Everything about a stack that others than the daemon may read. */
function written(value: string, seal: Seal): string {
  const desired = sealed(value, seal);
  const plan = planFor({ desired: [desired], observed: [running(sealed('earlier', seal))] });
  const labels = buildLabels({ stack: 'shop', revision: REVISION, branch: 'main', desired });
  const tag = describeDeployment({
    plan,
    revision: REVISION,
    jobId: 'job',
    author: 'Ada',
    file: 'x.yaml',
    trigger: 'push',
    durationMs: 1,
    time: '2026-01-01T00:00:00.000Z',
  });
  return JSON.stringify({ labels, tag, plan, desired });
}

describe('what labels, tags and plans tell of a secret', () => {
  it('confirms no guess: without the key every value looks alike', () => {
    const text = written('hunter2', OURS);
    for (const guess of ['hunter2', 'hunter3']) {
      // All that somebody can compute who has the description, and guesses.
      const open = web(guess);
      const digests = [open.hash, hashSpec(open.spec, []), stackDigest([open]), secret(guess).digest()];
      for (const digest of digests) expect(text).not.toContain(digest.slice(0, 16));
      expect(text).not.toContain(guess);
    }
    // Another value changes nothing but what the key has made.
    const codes = /[0-9a-f]{8}\.[0-9a-f]{32}/g;
    expect(text.match(codes)?.length).toBeGreaterThan(3);
    expect(written('correct horse', OURS).replaceAll(codes, '')).toBe(text.replaceAll(codes, ''));
    expect(written('correct horse', OURS)).not.toBe(text);
  });

  it('never tells the key', () => {
    const desired = sealed('hunter2');
    expect(`${JSON.stringify(desired)} ${String(desired.seal)}`).not.toMatch(/0101|AQEB/);
  });

  it('stays as it was where nothing is hidden', () => {
    const open = wanted('container', 'web', { image: 'web:1', env: { LEVEL: 'info' } });
    expect(sealResource(open, OURS)).toBe(open);
    expect(stackDigest([sealResource(open, OURS)])).toBe(stackDigest([open]));
  });
});

describe('a container', () => {
  it('of a version that did not seal is left alone, and replaced when its secret changes', () => {
    expect(planned(sealed('hunter2'), web('hunter2'))).toMatchObject({ action: 'no-op' });
    expect(planned(sealed('hunter3'), web('hunter2'))).toEqual({
      action: 'replace',
      fields: ['env.PASSWORD'],
      cause: 'a secret value changed',
    });
  });

  it('of this key is replaced when its secret changes', () => {
    expect(planned(sealed('hunter2'), sealed('hunter2'))).toMatchObject({ action: 'no-op' });
    expect(planned(sealed('hunter3'), sealed('hunter2'))).toMatchObject({
      action: 'replace',
      cause: 'a secret value changed',
    });
  });

  it('of another key is left alone unless something is known to differ', () => {
    const theirs = sealed('hunter2', THEIRS);
    expect(planned(sealed('hunter2'), theirs)).toMatchObject({ action: 'no-op' });
    expect(planned(sealed('hunter2'), theirs, { differing: ['env.PASSWORD'] })).toEqual({
      action: 'replace',
      fields: ['env.PASSWORD'],
      cause: 'a secret value changed',
    });
    const other = sealed('hunter2', OURS, { image: 'web:2' });
    expect(planned(other, theirs)).toMatchObject({ action: 'replace', fields: ['image'] });
    const limited = sealed('hunter2', OURS, { restart: { policy: 'always' } });
    expect(planned(limited, theirs)).toMatchObject({ action: 'update', fields: ['restart'] });
  });

  it('of another key is replaced where a value that looks like a secret is another one', () => {
    const named = (value: string, seal: Seal) =>
      sealResource(wanted('container', 'web', { image: 'web:1', env: { API_TOKEN: value } }), seal);
    expect(planned(named('a', OURS), named('a', THEIRS))).toMatchObject({ action: 'no-op' });
    const differing = { differing: ['env.API_TOKEN'] };
    expect(planned(named('b', OURS), named('a', THEIRS), differing)).toMatchObject({ action: 'replace' });
  });
});

describe('a plan that was saved with another key', () => {
  const save = (desired: DesiredResource, from: DesiredResource) =>
    planFor({ desired: [desired], observed: [running(from)] });

  it('holds as long as it comes to the same', () => {
    const [saved, current] = [THEIRS, OURS].map((seal) =>
      save(sealed('x-new', seal, { image: 'web:2' }), web('x-old')),
    );
    expect(saved?.desired).not.toBe(current?.desired);
    expect(findStaleness(saved!, current!)).toEqual([]);
  });

  it('is stale when another secret would replace more', () => {
    const saved = save(sealed('x-old', THEIRS), web('x-old'));
    const current = save(sealed('x-new'), web('x-old'));
    expect(findStaleness(saved, current)).toEqual([expect.stringContaining('the description changed')]);
  });
});
