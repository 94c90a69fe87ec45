import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import * as schemas from '../../../schemas/index.ts';

const { kits: _kits, ...documents } = schemas;

describe.each(Object.entries(documents))('%s', (_name, schema) => {
  it('is a JSON Schema (2020-12) with an id', () => {
    expect(new Ajv2020().validateSchema(schema)).toBe(true);
    expect(schema.$id).toMatch(/^https:\/\/kombinator\.io\/schemas\/[a-z]+-v1\.json$/);
  });

  it('closes and describes what it lists', () => {
    expect(schema).toMatchObject({ additionalProperties: false, description: expect.any(String) });
  });
});

it('describes every key of a service or refers to what does', () => {
  const { properties } = schemas.kombinationSchema.$defs.service;
  const bare = Object.entries(properties).filter(
    ([, property]) => !('description' in property) && !('$ref' in property),
  );
  expect(bare.map(([key]) => key)).toEqual(['hostname', 'stop_signal']);
});
