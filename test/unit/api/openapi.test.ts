import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { buildKombifyOpenApi, kombifyRoutes } from '../../../api/dialects/kombify/kombify.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: object }[];
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: object }>>;
}

interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

const document: OpenApi = JSON.parse(JSON.stringify(buildKombifyOpenApi('1.2.3')));
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

describe('the OpenAPI document', () => {
  it('has every route of the table, and no other', () => {
    const documented = operations.map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const mounted = kombifyRoutes.map(
      ({ method, path }) => `${method} /api/v1${path.replaceAll(/:(\w+)/g, '{$1}')}`,
    );

    expect(documented.sort()).toEqual(mounted.sort());
    expect(mounted).toHaveLength(new Set(mounted).size);
  });

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

  it('is well formed: identified, described, with a parameter for every placeholder', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Kombinator API', version: '1.2.3' } });
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
        expect([typeof response.description, Object.keys(response.content).length > 0]).toEqual([
          'string',
          true,
        ]);
      }
    }
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
    ]);
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

  it('has request schemas that compile strictly, as the server compiles them', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: true, allowUnionTypes: true }));
    for (const { query, body } of kombifyRoutes) {
      for (const shape of [query, body?.json]) if (shape !== undefined) ajv.compile(shape.schema);
    }
  });
});
