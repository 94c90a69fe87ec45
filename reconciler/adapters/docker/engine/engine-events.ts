import type { Readable } from 'node:stream';
import { readJsonLines } from '../images/pull-progress.ts';
import { fieldsOf, mapOf, maybe, text } from './shapes.ts';

/** An event of an engine, as far as it is used. */
export interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/** More than an engine has when all of its containers go down at once; what comes above is taken in later. */
export const EVENTS_PER_SECOND = 1_000;

const EVENT = fieldsOf({
  Type: maybe(text),
  Action: maybe(text),
  Actor: maybe(fieldsOf({ ID: maybe(text), Attributes: maybe(mapOf(text)) })),
});

/** Reads events one a line. Passes over what is none. */
export async function* readEvents(stream: Readable): AsyncGenerator<EngineEvent> {
  for await (const line of readJsonLines(stream)) if (EVENT(line, '') === undefined) yield line;
}
