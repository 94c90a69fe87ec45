import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import serveFlags from '../../../api/cli/node-flags.json' with { type: 'json' };
import type { Report } from '../report.ts';
import type { FleetAnswer, FleetOrder } from './fleet-process.ts';

const TARGETS = 500;
/** Fewer, for a first look: `FLEET_STACKS=1000 npm run bench -- fleet`. */
const STACKS = Number(process.env['FLEET_STACKS'] ?? 10_000);
/** A push to all costs as much as the first deployment; a part of the fleet shows the same. */
const PUSH_SHARE = 5;

const RATIO = 1.2;
const CPU_MS = 5;
const STACK_KIB = 12;
const PEAK_MIB = 300;
const IDLE_SHARE = 0.02;

/** 10,000 stacks on 500 targets in memory and in virtual time, of which a fifth is away or hangs; and what 500 dead engines cost at rest. */
export async function benchFleet(report: Report): Promise<void> {
  report.note(
    `${STACKS} stacks on ${TARGETS} targets, one of twenty on two; targets in memory, time virtual`,
  );
  const all = await run({ stacks: STACKS, targets: TARGETS, away: 0, hanging: 0, day: false, push: false });
  report.progress('all targets answer: done');
  const some = await run({ stacks: STACKS, targets: TARGETS, away: 10, hanging: 10, day: true, push: false });
  report.progress('a fifth is away or hangs, and a day: done');
  report.note(
    `first deployment: ${seconds(all.convergedMs)}, of those that answer with a fifth away or hanging ${seconds(some.convergedMs)}`,
  );
  report.check(
    'healthy stacks in sync, with a fifth of the targets away ÷ none',
    ratio(some.convergedMs, all.convergedMs),
    { wanted: RATIO, unit: '' },
  );
  await comparePushes(report);
  report.check(`processor for the first deployment of a stack`, all.cpuMs / all.healthy, {
    wanted: CPU_MS,
    unit: 'ms',
  });
  report.note(
    `the store is called ${all.storeCalls.toFixed(1)} times for a deployment and what follows from it`,
  );
  report.check('memory for each stack, in KiB ÷ 12', all.kibPerStack / STACK_KIB, { wanted: 1, unit: '' });
  report.check('peak of the process, targets in memory included', Math.max(all.peakMiB, some.peakMiB), {
    wanted: PEAK_MIB,
    unit: 'MiB',
  });
  checkDay(some, report);
  const share = (await answerOf('idle-process.ts', String(TARGETS), [])) as number;
  report.note(
    `${TARGETS} engines where nothing listens, over real connections: ${(100 * share).toFixed(2)} % of a core`,
  );
  report.check('a core at rest with all targets dead, in % ÷ 2', share / IDLE_SHARE, { wanted: 1, unit: '' });
}

/** A push to every stack, at a moment when a fifth of the targets has just gone. */
async function comparePushes(report: Report): Promise<void> {
  const order = { stacks: STACKS / PUSH_SHARE, targets: TARGETS / PUSH_SHARE, day: false, push: true };
  const all = await run({ ...order, away: 0, hanging: 0 });
  const some = await run({ ...order, away: 10, hanging: 10 });
  report.note(
    `a push to ${order.stacks}: ${seconds(all.pushedMs)}, with a fifth of the targets just gone ${seconds(some.pushedMs)}`,
  );
  report.check(
    'a push in sync, with a fifth of the targets just gone ÷ none',
    ratio(some.pushedMs, all.pushedMs),
    { wanted: RATIO, unit: '' },
  );
}

function checkDay({ day }: FleetAnswer, report: Report): void {
  if (day === null) return report.fail('a day could not be measured');
  const { cpuMs, pushes, wasted, late } = day;
  report.note(
    `a day with ${pushes} pushes of 20 stacks: ${(cpuMs / 1_000).toFixed(0)} s of processor, ${wasted} calls to targets that are away`,
  );
  report.check('stacks whose push was not in sync within ten minutes', late, { wanted: 0, unit: '' });
}

function ratio(some: number | null, all: number | null): number {
  return some === null || all === null ? Number.POSITIVE_INFINITY : some / all;
}

function seconds(milliseconds: number | null): string {
  return milliseconds === null ? 'never' : `${(milliseconds / 1_000).toFixed(1)} s`;
}

async function run(order: FleetOrder): Promise<FleetAnswer> {
  return (await answerOf('fleet-process.ts', JSON.stringify(order), serveFlags)) as FleetAnswer;
}

async function answerOf(program: string, order: string, flags: readonly string[]): Promise<unknown> {
  const child = fork(join(import.meta.dirname, program), [order], { execArgv: [...flags] });
  const ended = once(child, 'exit').then(([code]) =>
    Promise.reject(new Error(`${program} ended with ${String(code)}`)),
  );
  try {
    const [answer] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
    return answer;
  } finally {
    ended.catch(() => undefined);
    if (child.exitCode === null) child.kill();
  }
}
