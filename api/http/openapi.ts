import { own } from '../../reconciler/index.ts';
import type { Route } from './route.ts';
import type { JsonSchema } from './shape.ts';

/** A part of the document that is no schema. */
type Part = Readonly<Record<string, unknown>>;

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  /** Path under which the routes are mounted. */
  readonly prefix: string;
  readonly routes: readonly Route<never>[];
  /** Named schemas that the rows refer to as `#/components/schemas/<name>`. */
  readonly schemas: Readonly<Record<string, JsonSchema>>;
  /** Name of the schema of every error answer. */
  readonly errorSchema: string;
}

/** OpenAPI 3.1 from the route table: the table is the only place where a route is written down. */
export function buildOpenApi(options: OpenApiOptions): Part {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of options.routes) {
    const path = toOpenApiPath(`${options.prefix}${route.path}`);
    paths[path] = { ...own(paths, path), [route.method.toLowerCase()]: buildOperation(route, options) };
  }
  return {
    openapi: '3.1.0',
    info: { title: options.title, version: options.version, description: options.description },
    servers: [{ url: '/' }],
    security: [{ apiKey: [] }, { apiKeyParameter: [] }, { bearer: [] }],
    tags: [...new Set(options.routes.map(({ tag }) => tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: options.schemas,
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-KEY' },
        apiKeyParameter: { type: 'apiKey', in: 'query', name: 'api_key' },
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key or a JSON Web Token.' },
      },
    },
  };
}

/** `/stacks/:id` → `/stacks/{id}` */
export function toOpenApiPath(path: string): string {
  return path.replaceAll(/:(\w+)/g, '{$1}');
}

function buildOperation(route: Route<never>, options: OpenApiOptions): Part {
  const parameters = [...pathParameters(route), ...queryParameters(route)];
  return {
    operationId: route.id,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, `Role: ${route.access === 'open' ? 'none' : route.access}.`]
      .filter((part) => part !== undefined)
      .join(' '),
    ...(route.access === 'open' ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined ? {} : { requestBody: buildRequestBody(route.body) }),
    responses: { ...goodResponses(route), ...errorResponses(route, options.errorSchema) },
  };
}

function pathParameters(route: Route<never>): Part[] {
  return [...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: own(route.params, name) ?? name,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: Route<never>): Part[] {
  const properties = route.query?.schema['properties'];
  if (typeof properties !== 'object' || properties === null) return [];
  return Object.entries(properties).map(([name, schema]: [string, unknown]) => ({
    name,
    in: 'query',
    schema,
  }));
}

function buildRequestBody({ json, text = [], form = false }: NonNullable<Route<never>['body']>): Part {
  const { required, properties } = json.schema;
  const content: Record<string, unknown> = { 'application/json': { schema: json.schema } };
  for (const type of text) content[type] = { schema: { type: 'string' } };
  if (form) {
    const file = { type: 'string', format: 'binary' };
    const fields = typeof properties === 'object' ? { ...properties, file } : { file };
    content['multipart/form-data'] = { schema: { type: 'object', properties: fields } };
  }
  return { required: Array.isArray(required) && required.length > 0, content };
}

function goodResponses({ responses }: Route<never>): Part {
  const entries = Object.entries(responses).map(([status, { description, content }]) => {
    const media = Object.entries(content).map(([type, schema]) => [type, { schema }]);
    return [status, { description, content: Object.fromEntries(media) }];
  });
  return Object.fromEntries(entries);
}

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is not valid.',
  401: 'No credentials, or wrong ones.',
  403: 'The role does not allow it.',
  404: 'There is no such thing.',
  409: 'It does not fit what is there now.',
  413: 'The body is too large.',
  415: 'The body has another media type.',
  429: 'Asked too often; the header Retry-After says when to ask again.',
  500: 'Something went wrong here.',
  503: 'A part that is needed does not answer; try again later.',
};

function errorResponses(route: Route<never>, errorSchema: string): Part {
  const statuses = [500];
  if (route.body !== undefined) statuses.push(413, 415);
  if (route.body !== undefined || route.query !== undefined) statuses.push(400);
  if (route.access !== 'open') statuses.push(401, 403, 503);
  if (route.path.includes(':')) statuses.push(404);
  if (route.method !== 'GET') statuses.push(409);
  const schema = { $ref: `#/components/schemas/${errorSchema}` };
  const entries = statuses
    .filter((status) => route.responses[status] === undefined)
    .map((status) => [status, { description: ERRORS[status], content: { 'application/json': { schema } } }]);
  return Object.fromEntries(entries);
}
