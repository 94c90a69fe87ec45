import type { Diagnostic } from '../../reconciler/base/diagnostic.ts';
import { formatDiagnostic } from '../../reconciler/base/diagnostic.ts';
import type { Violation } from './input.ts';

/** Characters that a terminal obeys. */
const CONTROL = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069\u2028\u2029]/u;

/** Longest finding as it is shown, in characters. */
const MAX_FINDING_LENGTH = 20_000;

/** An exception as a violation; it is known by the innermost function of ours that it came through. */
export function toViolation(rule: string, error: unknown): Violation {
  const stack = error instanceof Error ? (error.stack ?? String(error)) : String(error);
  return {
    rule,
    place: placeOf(stack) ?? stack.split('\n', 1).join('').slice(0, 120),
    detail: stack.slice(0, 3_000),
  };
}

/** `reconciler/plan/build-plan.ts:40 changeOf` */
function placeOf(stack: string): string | undefined {
  for (const line of stack.split('\n')) {
    const [, name = '', file, number] =
      /^\s+at (?:(.+?) \()?.*?\/((?:reconciler|api)\/[^:]+):(\d+):\d+\)?$/.exec(line) ?? [];
    if (file !== undefined) return `${file}:${number} ${name}`.trim();
  }
  return undefined;
}

/** Rules for findings: one that tells of a fault of ours, one without a place, and one that a terminal would obey. */
export function checkFindings(findings: readonly Diagnostic[]): readonly Violation[] {
  return findings.flatMap((finding) => {
    const { code, message, file, line, column } = finding;
    const shown = formatDiagnostic(finding);
    const found: Violation[] = [];
    if (code === 'INTERNAL_ERROR')
      found.push({ rule: 'INTERNAL_ERROR', place: message.slice(0, 160), detail: shown });
    if (file === undefined || !isCount(line) || !isCount(column))
      found.push({
        rule: 'a finding without file:line:column',
        place: code,
        detail: JSON.stringify(finding),
      });
    if (CONTROL.test(shown))
      found.push({ rule: 'control characters in a finding', place: code, detail: JSON.stringify(shown) });
    if (shown.length > MAX_FINDING_LENGTH)
      found.push({
        rule: 'a finding without end',
        place: code,
        detail: `${shown.length}: ${shown.slice(0, 300)}`,
      });
    return found;
  });
}

function isCount(number: number | undefined): boolean {
  return number !== undefined && Number.isInteger(number) && number >= 1;
}

/** A text for people: as a terminal may have it. */
export function checkShown(what: string, text: string): readonly Violation[] {
  if (!CONTROL.test(text)) return [];
  return [{ rule: 'control characters', place: what, detail: JSON.stringify(text.slice(0, 2_000)) }];
}

const GUARDED: readonly (readonly [string, object])[] = [
  ['Object.prototype', Object.prototype],
  ['Object', Object],
  ['Array.prototype', Array.prototype],
  ['Function.prototype', Function.prototype],
  ['String.prototype', String.prototype],
  ['Number.prototype', Number.prototype],
  ['Boolean.prototype', Boolean.prototype],
  ['Map.prototype', Map.prototype],
  ['Set.prototype', Set.prototype],
  ['Promise.prototype', Promise.prototype],
  ['Error.prototype', Error.prototype],
];

/** Remembers what every object inherits; the check puts back what is there and was not, and tells of it. */
export function guardPrototypes(): () => readonly Violation[] {
  const before = GUARDED.map(([name, object]) => ({
    name,
    object,
    members: Object.getOwnPropertyDescriptors(object),
  }));
  const known = before.map(
    ({ members }) => new Map(Reflect.ownKeys(members).map((key) => [key, Reflect.get(members, key)])),
  );
  return () =>
    before.flatMap(({ name, object }, index) => {
      const members = known[index];
      const keys = Reflect.ownKeys(object);
      const isSame =
        keys.length === members?.size &&
        keys.every((key) => Reflect.getOwnPropertyDescriptor(object, key)?.value === members.get(key)?.value);
      if (isSame) return [];
      const added = keys.filter((key) => !members?.has(key));
      for (const key of added) Reflect.deleteProperty(object, key);
      for (const [key, descriptor] of members ?? []) Reflect.defineProperty(object, key, descriptor);
      return [
        { rule: 'a prototype was changed', place: name, detail: added.map(String).join(', ') || 'a member' },
      ];
    });
}
