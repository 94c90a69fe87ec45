import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildContainerConfig } from '../../../reconciler/adapters/docker/containers/container-config.ts';
import { containerSpec } from '../../../reconciler/adapters/docker/containers/specs.ts';
import { createDiagnosticCollector } from '../../../reconciler/base/document-diagnostic.ts';
import { asFields } from '../../../reconciler/base/values.ts';
import type {
  ContainerOptions,
  OptionName,
} from '../../../reconciler/model/docker/options/container-options.ts';
import {
  CONTAINER_OPTIONS,
  OPTION_ROWS,
  readOptions,
} from '../../../reconciler/model/docker/options/container-options.ts';
import { WRITTEN_AS } from '../../../reconciler/render/document-keys.ts';
import { composeOptions } from '../../../reconciler/render/generate/compose-options.ts';
import {
  optionAttributes,
  optionBlocks,
  unsupportedOptions,
} from '../../../reconciler/render/generate/opentofu-options.ts';
import { kombinationSchema } from '../../../schemas/index.ts';
import { resourcesOf } from '../../support/docker/docker-resources.ts';
import { OPTION_EXAMPLES } from '../../support/docker/option-examples.ts';

const names = OPTION_ROWS.map(([name]) => name);

function read(service: Readonly<Record<string, unknown>>): ContainerOptions {
  const diagnostics = createDiagnosticCollector();
  const options = readOptions(service, [], diagnostics);
  expect(diagnostics.list).toEqual([]);
  return options;
}

const optionsOf = (name: OptionName): ContainerOptions => ({ [name]: OPTION_EXAMPLES[name].spec });
const bodyOf = (options: ContainerOptions, api = '1.43') =>
  buildContainerConfig(containerSpec(resourcesOf('shop').container('web', { image: 'web:1', ...options })), {
    labels: {},
    api,
  });

describe.each(names)('%s', (name) => {
  const { key } = CONTAINER_OPTIONS[name];
  const { written, docker, tofu = {} } = OPTION_EXAMPLES[name];

  it('is read from its key', () => {
    expect(read({ [key]: parse(written) as unknown })).toEqual(optionsOf(name));
  });

  it('is told to the engine', () => {
    expect(bodyOf(optionsOf(name))).toMatchObject(docker);
  });

  it('is the same again when it is read from the Compose file that is generated', () => {
    const compose = asFields(composeOptions(optionsOf(name), (mode) => mode)) ?? {};
    expect(Object.keys(compose)).toEqual([key]);
    expect(read(compose)).toEqual(optionsOf(name));
  });

  it('is said in OpenTofu, or noted', () => {
    const options = optionsOf(name);
    const blocks = Object.groupBy(optionBlocks(options), ([block]) => block);
    const bodies = Object.entries(blocks).map(([block, list = []]) => [block, list.map(([, body]) => body)]);
    expect({ ...optionAttributes(options), ...Object.fromEntries(bodies) }).toEqual(tofu);
    const { kind } = CONTAINER_OPTIONS[name].tofu;
    expect(unsupportedOptions(options)).toEqual(kind === 'unsupported' ? [name] : []);
    expect(Object.keys(tofu).length > 0).toBe(kind !== 'unsupported' && kind !== 'elsewhere');
  });

  it('is known to the schema and to the page about services, and leads back to its line', () => {
    expect(Object.keys(kombinationSchema.$defs.service.properties)).toContain(key);
    const page = readFileSync(new URL('../../../docs/services.md', import.meta.url), 'utf8');
    expect(page).toMatch(new RegExp(`^\\| \`${key}\` \\|`, 'm'));
    expect(WRITTEN_AS[name]).toContain(key);
  });
});

/** Options that have a place in the body. */
const told = names.filter((name) => Object.keys(OPTION_EXAMPLES[name].docker).length > 0);
const young = told.filter((name) => CONTAINER_OPTIONS[name].docker.since !== undefined);

it.each(told)('%s is not told to the engine when nobody says it', (name) => {
  expect(bodyOf({})).not.toMatchObject(OPTION_EXAMPLES[name].docker);
});

it.each(young)('%s is left out for an engine that is older than it', (name) => {
  expect(bodyOf(optionsOf(name), '1.40')).not.toMatchObject(OPTION_EXAMPLES[name].docker);
});

it('says each key and each field of the engine once', () => {
  const keys = OPTION_ROWS.map(([, { key }]) => key);
  const fields = OPTION_ROWS.flatMap(([, { docker }]) => docker.name ?? []);
  expect(new Set(keys).size).toBe(keys.length);
  expect(new Set(fields).size).toBe(fields.length);
});
