import { describe, expect, it } from 'vitest';
import { readSettingsDocument } from '../../../reconciler/config/fleet/config-documents.ts';
import { registryTypeOf } from '../../../reconciler/model/registry-entry.ts';
import { registryOf } from '../../../reconciler/model/registry.ts';
import { briefDiagnostics, checkSchema } from '../../support/desired-fixtures.ts';

const read = (text: string) => readSettingsDocument('kombinator.yaml', text, { checkSchema });

describe('registries of kombinator.yaml', () => {
  it('have a name, a type and an address, or a host with credentials by reference', () => {
    const { registryEntries, registries, diagnostics } = read(`registries:
  - { name: team, type: custom, url: "https://Hub.example.com:5000/team", default: true }
  - { host: ghcr.io, username: ada, password: secret://env/GHCR }
`);
    expect(diagnostics).toEqual([]);
    expect(registryEntries).toMatchObject([
      { name: 'team', type: 'custom', host: 'hub.example.com:5000', isDefault: true, setting: null },
      { name: 'ghcr.io', type: 'ghcr', host: 'ghcr.io', isDefault: false, setting: { username: 'ada' } },
    ]);
    expect(registries).toEqual([{ host: 'ghcr.io', username: 'ada', password: 'secret://env/GHCR' }]);
    expect(new Set(registryEntries.map(({ id }) => id)).size).toBe(2);
  });

  it.each([
    ['{ name: team, url: hub.example.com }', 'REQUIRED registries[0].type'],
    ['{ name: team, type: quay, url: hub.example.com }', 'INVALID_VALUE registries[0].type'],
    ['{ host: hub.example.com, username: ada }', 'REQUIRED registries[0].password'],
    [
      '{ name: a, type: custom, url: hub.example.com, password: secret://env/A }',
      'INVALID_VALUE registries[0].password',
    ],
    ['{ name: a, type: custom, url: "http://hub.example.com" }', 'INVALID_FORMAT registries[0].url'],
    ['{ name: a, type: custom, url: "https://ada:x@hub.example.com" }', 'INVALID_FORMAT registries[0].url'],
    ['{ name: a, type: ghcr, url: docker.io }', 'INVALID_VALUE registries[0].type'],
    ['{ id: 1, name: a, type: custom, url: hub.example.com }', 'INVALID_TYPE registries[0].id'],
    [
      '{ name: a, type: custom, url: a.example }, { name: a, type: custom, url: b.example }',
      'DUPLICATE_NAME registries[1].name',
    ],
  ])('that are wrong are told of: %s', (item, says) => {
    expect(briefDiagnostics(read(`registries: [${item}]\n`).diagnostics).join('\n')).toContain(
      `error ${says}`,
    );
  });
});

it.each([
  ['nginx', 'dockerhub'],
  ['ada/web:1', 'dockerhub'],
  ['docker.io/ada/web', 'dockerhub'],
  ['ghcr.io/ada/web', 'ghcr'],
  ['team.azurecr.io/web', 'acr'],
  ['1.dkr.ecr.eu-west-1.amazonaws.com/web', 'ecr'],
  ['public.ecr.aws/x/web', 'ecr'],
  ['eu.gcr.io/x/web', 'gcr'],
  ['europe-west1-docker.pkg.dev/x/web', 'gcr'],
  ['evilgcr.io/web', 'custom'],
  ['localhost:5000/web', 'custom'],
])('%s is an image of the type %s', (image, type) => {
  expect(registryTypeOf(registryOf(image))).toBe(type);
});
