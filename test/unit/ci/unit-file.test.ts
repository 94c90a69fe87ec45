import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const text = readFileSync(
  fileURLToPath(new URL('../../../deploy/kombinator.service', import.meta.url)),
  'utf8',
);

/** Settings of the unit by name; comments are left out, repeated ones come together. */
const settings = new Map<string, string[]>();
for (const line of text.split('\n')) {
  const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
  if (name !== undefined && value !== undefined) settings.set(name, [...(settings.get(name) ?? []), value]);
}

it('the unit sees a repository under home, and writes nowhere but where it is told', () => {
  expect(settings.get('ProtectSystem')).toEqual(['strict']);
  // The directory is not there with yes and tmpfs.
  expect(settings.get('ProtectHome')).toEqual(['read-only']);
  for (const hides of [
    'InaccessiblePaths',
    'TemporaryFileSystem',
    'RootDirectory',
    'RootImage',
    'PrivateUsers',
  ])
    expect(settings.has(hides)).toBe(false);
  expect(settings.get('ReadWritePaths')).toEqual(['-/srv/config.git']);
  expect(text).toContain('#   ReadWritePaths=/home/ada/config.git\n');
});

it('the unit starts the daemon with a state directory that systemd makes', () => {
  expect(settings.get('ExecStart')).toEqual(['/opt/kombinator/api/cli/kombinator.sh serve']);
  expect(settings.get('Environment')).toEqual(['KOMBINATOR_STATE_DIR=%S/kombinator']);
  expect([settings.get('StateDirectory'), settings.get('StateDirectoryMode')]).toEqual([
    ['kombinator'],
    ['0700'],
  ]);
  expect([settings.get('NoNewPrivileges'), settings.get('CapabilityBoundingSet')]).toEqual([['yes'], ['']]);
});
