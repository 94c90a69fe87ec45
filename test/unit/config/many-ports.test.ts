import { expect, it } from 'vitest';
import { createDiagnosticCollector } from '../../../reconciler/base/document-diagnostic.ts';
import { readServiceFields } from '../../../reconciler/config/kombination/service/service-fields.ts';

const read = (fields: object) => {
  const diagnostics = createDiagnosticCollector();
  const service = readServiceFields({ image: 'a', ...fields }, ['services', 'web'], diagnostics);
  return {
    service,
    found: diagnostics.list.map(({ severity, code, path }) => [severity, code, path.at(-1)]),
  };
};

it('reads no more ports than a service may have, however many ranges are written', () => {
  const { service, found } = read({ ports: Array.from({ length: 20_000 }, () => '1-1000:1-1000') });
  expect(service.ports).toHaveLength(1_000);
  expect(found).toEqual([['error', 'OUT_OF_RANGE', 'ports']]);
  expect(read({ ports: ['1-1000:1-1000'] }).found).toEqual([]);
});

it('exposes no more ports than a service may have, and says so', () => {
  const { service, found } = read({ expose: Array.from({ length: 20_000 }, () => '1-65535') });
  expect(service.options.expose).toHaveLength(1_000);
  expect(found).toEqual([['warning', 'OUT_OF_RANGE', 'expose']]);
  expect(read({ expose: ['8000-8002', 8001, '53/udp'] })).toMatchObject({
    service: { options: { expose: ['53/udp', '8000/tcp', '8001/tcp', '8002/tcp'] } },
    found: [],
  });
});
