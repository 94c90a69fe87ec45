import type { ContainerInspectInfo } from 'dockerode';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildLimits } from '../../../reconciler/adapters/docker/containers/container-config.ts';
import {
  buildUpdate,
  readLive,
  sameLimits,
} from '../../../reconciler/adapters/docker/containers/container-drift.ts';
import { containerSpec } from '../../../reconciler/adapters/docker/containers/specs.ts';
import { createDiagnosticCollector } from '../../../reconciler/base/document-diagnostic.ts';
import { readResources } from '../../../reconciler/config/kombination/service/service-resources.ts';
import type { ResourceLimits } from '../../../reconciler/model/docker/options/limit-options.ts';
import { CONTAINER_LIMITS, LIMIT_ROWS } from '../../../reconciler/model/docker/options/limit-options.ts';
import { composeLimits } from '../../../reconciler/render/generate/compose-options.ts';
import { limitAttributes, unsupportedLimits } from '../../../reconciler/render/generate/opentofu-options.ts';
import { kombinationSchema } from '../../../schemas/index.ts';
import { resourcesOf } from '../../support/docker/docker-resources.ts';
import { LIMIT_EXAMPLES } from '../../support/docker/limit-examples.ts';

const MEBIBYTE = 2 ** 20;
const CPUS = 2;

function read(service: Readonly<Record<string, unknown>>): ResourceLimits | undefined {
  const diagnostics = createDiagnosticCollector();
  const limits = readResources(service, [], diagnostics);
  expect(diagnostics.list).toEqual([]);
  return limits;
}

const specWith = (resources: ResourceLimits) =>
  containerSpec(resourcesOf('shop').container('web', { image: 'web:1', resources }));

function liveOf(HostConfig: object) {
  const inspect = {
    Id: 'x',
    HostConfig: { RestartPolicy: { Name: 'unless-stopped' }, ...HostConfig },
    NetworkSettings: {},
  };
  return readLive(inspect as unknown as ContainerInspectInfo, { cpus: CPUS, cgroupVersion: 2 }, new Map());
}

const names = LIMIT_ROWS.map(([name]) => name);

/** `{ resources: { memory: 64m } }` for `resources.memory`. */
function placed(place: string, value: unknown): Readonly<Record<string, unknown>> {
  const nested = place.split('.').reduceRight((inner: unknown, key) => ({ [key]: inner }), value);
  return nested as Readonly<Record<string, unknown>>;
}

describe.each(names)('%s', (name) => {
  const { key, places } = CONTAINER_LIMITS[name];
  const { written, limits, docker, updates, tofu = {} } = LIMIT_EXAMPLES[name];
  const beside = name === 'memorySwapBytes' ? { mem_limit: 64 * MEBIBYTE } : {};

  it('is read from its key and from every other place', () => {
    const value: unknown = parse(written);
    for (const place of [key, ...places])
      expect(read({ ...beside, ...placed(place, value) })).toEqual(limits);
  });

  it('is told to the engine, and reads back as it is', () => {
    expect(buildLimits(limits)).toEqual(docker);
    expect(sameLimits(specWith(limits), liveOf(docker))).toBe(true);
    expect(buildUpdate(specWith(limits), liveOf(docker), 2)).toBeNull();
  });

  it('is changed in place, also to none', () => {
    expect(buildUpdate(specWith(limits), liveOf({}), 2)).toEqual(updates.set);
    expect(buildUpdate(specWith({}), liveOf(docker), 2)).toEqual(updates.cleared);
    // The value for no limit is none, or it would be taken away again and again.
    expect(buildUpdate(specWith({}), liveOf(updates.cleared), 2)).toBeNull();
  });

  it('is the same again when it is read from the Compose file that is generated', () => {
    expect(read({ ...composeLimits(limits) })).toEqual(limits);
    expect(Object.keys(composeLimits(limits))).toContain(key);
  });

  it('is said in OpenTofu, or noted', () => {
    expect(limitAttributes(limits)).toEqual(tofu);
    expect(unsupportedLimits(limits)).toEqual(Object.keys(tofu).length === 0 ? [name] : []);
  });

  it('is known to the schema and to the page about services', () => {
    expect(Object.keys(kombinationSchema.$defs.service.properties)).toContain(key);
    const page = readFileSync(new URL('../../../docs/services.md', import.meta.url), 'utf8');
    expect(page).toMatch(new RegExp(`^\\| \`${key}\` \\|`, 'm'));
  });
});
