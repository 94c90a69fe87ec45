import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { buildKombifyOpenApi, kombifyRoutes } from '../../../api/dialects/kombify/kombify.ts';
import { buildKomposeOpenApi, komposeRoutes } from '../../../api/dialects/kompose/kompose.ts';
import { buildProvisionerOpenApi, provisionerRoutes } from '../../../api/dialects/provisioner/provisioner.ts';
import { buildWorkflowsOpenApi, workflowPlatformRoutes } from '../../../api/dialects/workflows/workflows.ts';
import type { Route } from '../../../api/http/route.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>;
}

type Content = Readonly<Record<string, { readonly schema: object }>>;

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Dialect {
  readonly name: string;
  readonly prefix: string;
  readonly routes: readonly Route<never>[];
  readonly document: OpenApi;
}

const DIALECTS: readonly Dialect[] = [
  {
    name: 'kombify',
    prefix: '/api/v1',
    routes: kombifyRoutes,
    document: asSent(buildKombifyOpenApi('1.2.3')),
  },
  { name: 'kompose', prefix: '/api', routes: komposeRoutes, document: asSent(buildKomposeOpenApi('1.2.3')) },
  {
    name: 'provisioner',
    prefix: '',
    routes: provisionerRoutes,
    document: asSent(buildProvisionerOpenApi('1.2.3')),
  },
  {
    name: 'workflows',
    prefix: '/v1/api',
    routes: workflowPlatformRoutes,
    document: asSent(buildWorkflowsOpenApi('1.2.3')),
  },
];

function asSent(document: object): OpenApi {
  return JSON.parse(JSON.stringify(document));
}

function operationsOf({ paths }: OpenApi) {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
  );
}

/** Places of the schemas of a document, those of parameters, bodies and answers: for people, and as pointers. */
function schemasOf(document: OpenApi): readonly (readonly [string, string])[] {
  return operationsOf(document).flatMap(({ path, method, operation }) => {
    const { parameters = [], requestBody, responses } = operation;
    const places = [
      ...parameters.map((_, index) => ['parameters', String(index), 'schema']),
      ...Object.keys(requestBody?.content ?? {}).map((type) => ['requestBody', 'content', type, 'schema']),
      ...Object.entries(responses).flatMap(([status, { content }]) =>
        Object.keys(content).map((type) => ['responses', status, 'content', type, 'schema']),
      ),
    ];
    return places.map((place) => {
      const escaped = ['paths', path, method, ...place].map((part) =>
        encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')),
      );
      return [`${method} ${path} ${place.join(' ')}`, `openapi#/${escaped.join('/')}`] as const;
    });
  });
}

describe.each(DIALECTS)('the OpenAPI document of $name', ({ prefix, routes, document }) => {
  const operations = operationsOf(document);

  it('has every route of the table, and no other', () => {
    const documented = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const mounted = routes.map(
      ({ method, path }) => `${method} ${prefix}${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );

    expect(documented.sort()).toEqual(mounted.sort());
    expect(mounted).toHaveLength(new Set(mounted).size);
  });

  it('is well formed: identified, described, with a parameter for every placeholder', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: expect.stringMatching(/^Kombinator API/), version: '1.2.3' },
    });
    expect(new Set(operations.map(({ operation }) => operation.operationId)).size).toBe(operations.length);
    for (const { path, operation } of operations) {
      const placeholders = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const named = (operation.parameters ?? [])
        .filter((parameter) => parameter.in === 'path')
        .map(({ name }) => name);
      expect(named).toEqual(placeholders);
      expect(operation.summary).toMatch(/^[A-Z]/);
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^(101|[2-5]\d\d)$/);
        // One that sends a browser elsewhere has no body.
        const hasBody = Object.keys(response.content).length > 0;
        expect([typeof response.description, hasBody]).toEqual(['string', status !== '307']);
      }
    }
  });

  it('refers only to schemas that it has, and each of them is a schema', () => {
    const text = JSON.stringify(document);
    const used = [...text.matchAll(/#\/components\/schemas\/(\w+)/g)].map(([, name]) => name);
    const ajv = addFormats.default(new Ajv2020({ strict: false }));
    ajv.addSchema({ $id: 'openapi', components: document.components });

    expect(new Set(used)).toEqual(new Set(Object.keys(document.components.schemas)));
    for (const name of Object.keys(document.components.schemas)) {
      expect(ajv.validateSchema(document.components.schemas[name] ?? {})).toBe(true);
      expect(ajv.getSchema(`openapi#/components/schemas/${name}`)).toBeTypeOf('function');
    }
  });

  it('has nothing but keywords of JSON Schema where a schema is wanted', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: true, allowUnionTypes: true }));
    // Members of the document itself, which is no schema.
    ajv.addVocabulary(Object.keys(document));
    ajv.addSchema({ $id: 'openapi', ...document });
    const wrong = schemasOf(document).flatMap(([place, pointer]) => {
      try {
        return typeof ajv.getSchema(pointer) === 'function' ? [] : [`${place}: is no schema`];
      } catch (error) {
        return [`${place}: ${String(error)}`];
      }
    });

    expect(wrong).toEqual([]);
  });

  it('has request schemas that compile strictly, as the server compiles them', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: true, allowUnionTypes: true }));
    for (const { query, body } of routes) {
      for (const shape of [query, body?.json]) if (shape !== undefined) ajv.compile(shape.schema);
    }
  });
});

describe('the OpenAPI document', () => {
  const operations = operationsOf(asSent(buildKombifyOpenApi('1.2.3')));

  it('has the endpoints of the reference', () => {
    expect(operations.map(({ path, method }) => `${path} ${method.toUpperCase()}`)).toEqual(
      expect.arrayContaining([
        '/api/v1/health GET',
        '/api/v1/stacks GET',
        '/api/v1/stacks POST',
        '/api/v1/stacks/{id} GET',
        '/api/v1/stacks/{id} PUT',
        '/api/v1/stacks/{id} DELETE',
        '/api/v1/stacks/{id}/apply POST',
        '/api/v1/stacks/{id}/plan POST',
        '/api/v1/workers GET',
        '/api/v1/workers POST',
        '/api/v1/workers/{id} GET',
        '/api/v1/workers/{id} DELETE',
        '/api/v1/jobs GET',
        '/api/v1/jobs/{id} GET',
        '/api/v1/unifier/validate POST',
        '/api/v1/unifier/generate POST',
      ]),
    );
  });

  it('says which operations need no credentials', () => {
    const open = operations.filter(({ operation }) => operation.security?.length === 0);

    // The ticket of a program is one.
    expect(open.map(({ path }) => path).sort()).toEqual([
      '/api/v1/exec',
      '/api/v1/health',
      '/api/v1/health/live',
      '/api/v1/health/ready',
      '/api/v1/openapi.json',
      '/api/v1/session',
      '/api/v1/session',
      '/api/v1/session',
      '/api/v1/session/providers/{name}',
      '/api/v1/session/providers/{name}/callback',
    ]);
  });
});
