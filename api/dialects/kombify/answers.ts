import type { JsonSchema } from '../../http/shape.ts';
import { listOf, record, refer } from './schemas.ts';

/** Schema of `{ <name>: […], pagination }`. */
export function listSchema(name: string, items: JsonSchema): JsonSchema {
  return record({ [name]: listOf(items), pagination: refer('Pagination') });
}

/** The one JSON answer most routes have. */
export function answers(description: string, schema: JsonSchema) {
  return { description, content: { 'application/json': schema } };
}
