import { describe, expect, it } from 'vitest';
import { FAULTS, chooseFaults } from '../../chaos/faults/catalogue.ts';
import { CHAOS_HELP, parseChaosOptions, parseSoakOptions } from '../../chaos/options.ts';
import { createReport } from '../../chaos/report.ts';

describe('options', () => {
  it('choose faults by name, the main ones by default', () => {
    const names = (word: string) => chooseFaults(word).map(({ name }) => name);

    expect(names('kill,none')).toEqual(['none', 'kill']);
    expect(names('all')).toHaveLength(FAULTS.length);
    expect(parseChaosOptions([])!.faults.map(({ name }) => name)).toEqual(names('main'));
    expect(() => names('kil')).toThrow('there is no fault kil; there are main, all, none');
  });

  it('repeat a seed', () => {
    expect(parseChaosOptions(['--rounds', '3', '--seed', '9'])).toMatchObject({ rounds: 3, seed: 9 });
    expect(parseSoakOptions(['--minutes', '5', '--seed', '9'])).toEqual({ minutes: 5, seed: 9 });
  });

  it.each([
    ['--rounds', '0'],
    ['--rounds', 'x'],
    ['--seed', '-1'],
  ])('refuse %s %s', (...words) => {
    expect(() => parseChaosOptions(words)).toThrow();
  });

  it('tell of every fault', () => {
    for (const { name, summary } of FAULTS) expect(CHAOS_HELP).toContain(`${name.padEnd(16)} ${summary}`);
    expect(new Set(FAULTS.map(({ name }) => name)).size).toBe(FAULTS.length);
    expect(parseChaosOptions(['--help'])).toBeNull();
  });
});

describe('a report', () => {
  const violation = { check: 'plan-empty', fault: 'kill', round: 2, text: 's1: x' };

  it('tells a violation once, and ends with seed and totals', () => {
    let written = '';
    const report = createReport({ write: (text) => (written += text), isTerminal: false });

    report.violate(violation);
    report.violate({ ...violation, round: 3 });
    report.progress('not on a terminal');
    report.round('kill', 1_500);
    report.count('pushes');

    expect(written).toBe('VIOLATION plan-empty (kill, round 2): s1: x\n');
    expect(
      report
        .summary(9)
        .split('\n')
        .map((line) => line.trim()),
    ).toEqual([
      'kill                 1 rounds, 1 violations, quiet after 1.5 s, at most 1.5 s',
      '1 pushes',
      'violations:',
      'plan-empty (kill, round 2): s1: x',
      'chaos: seed 9, 1 rounds, 1 violations',
    ]);
  });

  it('writes one line of progress over on a terminal', () => {
    let written = '';
    const report = createReport({ write: (text) => (written += text), isTerminal: true });

    report.progress('round 1');
    report.tell('done');

    expect(written).toBe('\r\u001B[Kround 1\r\u001B[Kdone\n');
  });
});
