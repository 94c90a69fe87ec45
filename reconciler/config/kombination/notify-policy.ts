import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { nearest } from '../../base/nearest.ts';
import { asFields, asList } from '../../base/values.ts';
import type { NewsEvent, NotifyChoice } from '../../model/notify/events.ts';
import { isNewsEvent } from '../../model/notify/events.ts';
import type { OperatorPolicy } from '../../model/operator-policy.ts';
import { matches } from '../../model/wildcard.ts';

/** Reads `policy.notify`: a list of channels, or a map of channels to lists of events. `undefined`: nothing is said. */
export function readNotify(value: unknown): NotifyChoice | undefined {
  const names = asList(value);
  if (names !== undefined)
    return new Map(names.flatMap((name) => (typeof name === 'string' ? [[name, null] as const] : [])));
  const fields = asFields(value);
  if (fields === undefined) return undefined;
  return new Map(Object.entries(fields).map(([name, events]) => [name, readEvents(events)]));
}

function readEvents(value: unknown): readonly NewsEvent[] | null {
  return asList(value)?.filter(isNewsEvent) ?? null;
}

/**
 * Warns of channels that there are not: news are not worth holding a deployment up. Nothing is said where the operator's configuration is not known.
 *
 * @param stack `null`: it is the choice of the repository, for all stacks that make none
 */
export function checkChannels(
  choice: NotifyChoice | undefined,
  stack: string | null,
  { channels }: OperatorPolicy,
  diagnostics: DiagnosticCollector,
): void {
  if (choice === undefined || channels === undefined) return;
  const may = (patterns: readonly string[] | undefined) =>
    stack === null || patterns === undefined || patterns.some((pattern) => matches(pattern, stack));
  const known = [...channels].flatMap(([name, { stacks }]) => (may(stacks) ? [name] : []));
  for (const name of choice.keys()) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const there = known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`;
    const hint = near === undefined ? there : `did you mean ${near}?`;
    const whose = stack === null || !channels.has(name) ? '' : ` for ${stack}`;
    const message = `the operator's configuration has no channel ${name}${whose}`;
    diagnostics.warning('UNKNOWN_CHANNEL', ['policy', 'notify'], message, { hint });
  }
}
