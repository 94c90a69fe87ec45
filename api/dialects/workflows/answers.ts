import type { ResponseDocument } from '../../http/route.ts';
import type { JsonSchema } from '../../http/shape.ts';

/** A documented answer of JSON. */
export function answers(description: string, schema: JsonSchema): ResponseDocument {
  return { description, content: { 'application/json': schema } };
}

/** A documented answer of server-sent events. */
export function answersEvents(description: string): ResponseDocument {
  return { description, content: { 'text/event-stream': { type: 'string' } } };
}
