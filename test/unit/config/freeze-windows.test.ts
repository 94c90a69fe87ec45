import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { isProblem } from '../../../reconciler/base/problem.ts';
import { parseSchedule } from '../../../reconciler/base/schedule.ts';
import type { FreezeWindow } from '../../../reconciler/daemon/freeze-windows.ts';
import { createFreeze } from '../../../reconciler/daemon/freeze-windows.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';
import { createRig, file, stack } from '../../support/reconciler-rig.ts';

const HOUR = 3_600_000;
function window({
  schedule = '0 22 * * *',
  timezone = 'UTC',
  ...more
}: Partial<Omit<FreezeWindow, 'schedule'>> & { readonly schedule?: string }): FreezeWindow {
  const parsed = parseSchedule(schedule, timezone);
  if (isProblem(parsed)) throw new Error(parsed.problem);
  return {
    name: 'night',
    kind: 'deny',
    schedule: parsed,
    durationMs: 8 * HOUR,
    timezone,
    stacks: [],
    ...more,
  };
}
const at = (windows: readonly FreezeWindow[], time: string, name = 'shop') =>
  createFreeze(windows).at(name, Date.parse(time))?.reason ?? null;

describe('freeze windows', () => {
  it.each([
    { when: 'before one opens', time: '2026-11-20T21:59:59Z', reason: null },
    {
      when: 'when it opens',
      time: '2026-11-20T22:00:00Z',
      reason: 'frozen until 2026-11-21 06:00 UTC (night)',
    },
    {
      when: 'on the next day',
      time: '2026-11-21T05:59:59Z',
      reason: 'frozen until 2026-11-21 06:00 UTC (night)',
    },
    { when: 'when it is over', time: '2026-11-21T06:00:00Z', reason: null },
  ])('tell $when', ({ time, reason }) => {
    expect(at([window({})], time)).toBe(reason);
  });

  it('open by the clock of their time zone, over a change of that clock too', () => {
    const berlin = window({ timezone: 'Europe/Berlin', durationMs: HOUR });
    expect(at([berlin], '2026-07-01T20:30:00Z')).toBe('frozen until 2026-07-01 23:00 Europe/Berlin (night)');
    expect(at([berlin], '2026-12-01T20:30:00Z')).toBeNull();
    expect(at([berlin], '2026-12-01T21:30:00Z')).toBe('frozen until 2026-12-01 23:00 Europe/Berlin (night)');
  });

  it('that follow each other are one', () => {
    expect(at([window({ schedule: '0 * * * 6', durationMs: HOUR })], '2026-11-21T03:30:00Z')).toBe(
      'frozen until 2026-11-22 00:00 UTC (night)',
    );
  });

  it('are for the stacks they name', () => {
    const windows = [window({ stacks: ['shop-*', 'bank'] })];
    const time = '2026-11-20T23:00:00Z';
    expect(['shop-web', 'bank', 'shop'].map((name) => at(windows, time, name) !== null)).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('of the kind allow freeze everything outside of them, and deny wins', () => {
    const office = window({ name: 'office', kind: 'allow', schedule: '0 9 * * 1-5', durationMs: 8 * HOUR });
    expect(at([office], '2026-11-20T10:00:00Z')).toBeNull();
    expect(at([office], '2026-11-20T18:00:00Z')).toBe('frozen until 2026-11-23 09:00 UTC (office)');
    const audit = window({ name: 'audit', schedule: '0 10 * * *', durationMs: HOUR });
    expect(at([office, audit], '2026-11-20T10:30:00Z')).toBe('frozen until 2026-11-20 11:00 UTC (audit)');
  });
});

describe("the operator's configuration", () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'kombinator-config-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));
  const read = (text: string) => {
    const path = join(directory, 'kombinator.yaml');
    writeFileSync(path, text);
    return readDaemonConfig(path, checkSchema);
  };

  it('is read with its defaults', () => {
    const [only, ...others] = read('freeze: [{ schedule: "0 22 * * *", duration: 8h }]\n').freeze;
    const expected = window({ name: '0 22 * * *' });
    expect(only).toEqual({ ...expected, schedule: only?.schedule });
    const noon = Date.parse('2026-11-20T12:00:00Z');
    expect(only?.schedule.next(noon)).toBe(expected.schedule.next(noon));
    expect(others).toEqual([]);
    expect(read('').freeze).toEqual([]);
  });

  it('names everything that is wrong with file and line', () => {
    const text = [
      'freeze:',
      '  - { schedule: "0 25 * * *", duration: 8h, timezone: Mars/Olympus }',
      '  - { schedule: "0 1 * * *", duration: soon }',
      '  - { duration: 1s, schedule: "0 1 * * *", stack: shop }',
      '',
    ].join('\n');
    const places: (readonly [string, number | undefined])[] = [];
    try {
      read(text);
    } catch (error) {
      const { diagnostics } = error as { diagnostics: readonly { code: string; line?: number }[] };
      for (const { code, line } of diagnostics) places.push([code, line]);
    }
    expect(places.map(([code, line]) => `${line} ${code}`).toSorted()).toEqual([
      '2 INVALID_FORMAT',
      '2 INVALID_VALUE',
      '3 INVALID_FORMAT',
      '4 OUT_OF_RANGE',
      '4 UNKNOWN_KEY',
    ]);
    expect(() => readDaemonConfig(join(directory, 'none.yaml'), checkSchema)).toThrow('cannot be read');
  });

  it.each([
    ['a: [hunter2\n: {', /kombinator\.yaml:\d+:\d+: not valid YAML$/],
    ['hunter2', /kombinator\.yaml: the configuration is no map$/],
    ['hunter2: 1\nhunter2: 2\n', /kombinator\.yaml:2:1: a key that is there already$/],
  ])('of %j is refused without quoting it', (text, reason) => {
    const message = (() => {
      try {
        return JSON.stringify(read(text));
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
    })();
    expect(message).toMatch(reason);
    expect(message).not.toContain('hunter2');
  });
});

describe('a stack in a freeze window', () => {
  const WEB = { web: 'image: "nginx:1.29"' };
  const frozenUntil = (end: () => number) => ({
    at: (_stack: string, now: number) =>
      now < end() ? { reason: 'frozen until then (night)', until: end() } : null,
  });

  it('is planned and waits, and is applied when the window closes', async () => {
    let end = Number.POSITIVE_INFINITY;
    await using rig = createRig({ freeze: frozenUntil(() => end), resyncMs: 3_000 });
    rig.source.push({ [file('shop')]: stack('shop', WEB) });
    await rig.reconciler.start();
    const look = () => rig.reconciler.getStack('shop').message;
    await expect.poll(look).toBe('frozen until then (night)');
    expect(rig.reconciler.getStack('shop').state).toBe('pending');
    expect(rig.engine().control.engine.stacks.has('shop')).toBe(false);
    await rig.reconciler.observe('shop', new AbortController().signal);
    expect(look()).toBe('frozen until then (night)');
    expect([...rig.reconciler.countHolds()]).toEqual([['frozen', 1]]);
    expect(await rig.reconciler.history('shop')).toMatchObject([
      { number: null, result: 'held', message: 'frozen until then (night)' },
    ]);
    end = 0;
    await rig.reaches('shop', 'in_sync');
    expect(rig.reconciler.countHolds().size).toBe(0);
    expect((await rig.reconciler.history('shop')).map(({ result }) => result)).toEqual(['held', 'deployed']);
  });

  it('is not applied by hand either, unless somebody overrides it', async () => {
    await using rig = createRig({ freeze: frozenUntil(() => Number.POSITIVE_INFINITY) });
    rig.source.push({ [file('shop')]: stack('shop', WEB) });
    await expect(rig.apply('shop')).rejects.toMatchObject({ code: 'FROZEN' });
    expect((await rig.apply('shop', { overrideFreeze: true })).job.status).toBe('completed');
  });
});
