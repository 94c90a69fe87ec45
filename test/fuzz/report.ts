import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createHash } from 'node:crypto';
import { errorMessage } from '../../reconciler/base/errors.ts';
import type { FuzzInput, Violation } from './input.ts';
import { signatureOf } from './input.ts';
import type { Fatal } from './supervise.ts';
import type { Finding, KindCount } from './worker.ts';

const DIRECTORY = join('.kombinator', 'fuzz');
const MAX_SHOWN = 1_500;

/** Counts of a run, and its findings; prints them as they come. */
export interface Report {
  readonly findings: number;
  add(kinds: Readonly<Record<string, KindCount>>): void;
  find(finding: Finding | Fatal): void;
  /** One line on how far it is. */
  progress(): string;
  summary(): string;
}

export function createReport(print: (text: string) => void): Report {
  const begun = performance.now();
  const totals = new Map<string, KindCount>();
  const sum = () => [...totals.values()].reduce((all, { played }) => all + played, 0);
  const seconds = () => (performance.now() - begun) / 1_000;
  let findings = 0;
  return {
    get findings() {
      return findings;
    },
    add(kinds) {
      for (const [kind, count] of Object.entries(kinds)) totals.set(kind, together(totals.get(kind), count));
    },
    find(finding) {
      findings += 1;
      print(describe(finding));
    },
    progress: () =>
      `${sum()} inputs in ${seconds().toFixed(0)} s, ${(sum() / seconds()).toFixed(0)}/s, ${findings} findings`,
    summary() {
      const rows = [...totals].map(
        ([kind, { played, accepted, cpuMs, slowestMs, slowestSeed }]) =>
          `  ${kind.padEnd(12)} ${String(played).padStart(8)} inputs, ${percent(accepted, played)} accepted, ${(cpuMs / played).toFixed(2)} ms each, slowest ${slowestMs.toFixed(0)} ms (seed ${slowestSeed})`,
      );
      const peak = Math.round(process.resourceUsage().maxRSS / 1_024);
      return [
        ...rows,
        `${sum()} inputs in ${seconds().toFixed(0)} s, ${findings} findings, at most ${peak} MiB resident`,
      ].join('\n');
    },
  };
}

function together(before: KindCount | undefined, count: KindCount): KindCount {
  if (before === undefined) return count;
  const slowest = before.slowestMs > count.slowestMs ? before : count;
  return {
    played: before.played + count.played,
    accepted: before.accepted + count.accepted,
    cpuMs: before.cpuMs + count.cpuMs,
    slowestMs: slowest.slowestMs,
    slowestSeed: slowest.slowestSeed,
  };
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / Math.max(1, whole)).toFixed(0)} %`;
}

function describe(finding: Finding | Fatal): string {
  const { violation } = finding;
  const again =
    finding.tells === 'fatal'
      ? `--kind ${finding.kind} --seed ${finding.seed} --count 1`
      : `--play ${save(finding.input, violation)}`;
  const seed = finding.tells === 'fatal' ? finding.seed : finding.input.seed;
  const parts = finding.tells === 'fatal' ? [] : finding.input.parts;
  return [
    `--- ${violation.rule}: ${violation.place} (seed ${seed})`,
    violation.detail.slice(0, MAX_SHOWN),
    ...parts.map(({ name, text }) => `--- ${JSON.stringify(name)}\n${showText(text)}`),
    `--- again: npm run fuzz -- ${again}`,
  ].join('\n');
}

function showText(text: string): string {
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}… (${text.length} characters)` : text;
  return shown.replace(/[^\P{Cc}\n]/gu, (control) => JSON.stringify(control).slice(1, -1));
}

function save(input: FuzzInput, violation: Violation): string {
  mkdirSync(DIRECTORY, { recursive: true });
  const name = createHash('sha256').update(signatureOf(violation)).digest('hex').slice(0, 8);
  const file = join(DIRECTORY, `${input.kind}-${name}.json`);
  writeFileSync(file, `${JSON.stringify({ violation, ...input }, null, 2)}\n`);
  return file;
}

/** Reads a saved input. Throws what is wrong with the file, in words for people. */
export function readInput(file: string): FuzzInput {
  try {
    const input = JSON.parse(readFileSync(file, 'utf8')) as FuzzInput;
    if (Array.isArray(input.parts)) return input;
  } catch (error) {
    throw new Error(`--play: ${file} cannot be read: ${errorMessage(error)}`, { cause: error });
  }
  throw new Error(`--play: ${file} is no input that was saved here: it has no parts`);
}
