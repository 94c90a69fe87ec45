import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readDaemonConfig } from '../../../reconciler/daemon/daemon-config.ts';
import { openBackups } from '../../../reconciler/daemon/open-backups.ts';
import { checkSchema } from '../../support/desired-fixtures.ts';

const RECIPIENT = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kudy4aumqk6k4ln';

function read(text: string) {
  const directory = mkdtempSync(join(tmpdir(), 'kombinator-config-'));
  try {
    const path = join(directory, 'operator.yaml');
    writeFileSync(path, text);
    return readDaemonConfig(path, checkSchema).backups;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const FULL = `backups:
  directory: /srv/backups
  recipients: [${RECIPIENT}]
  destinations:
    usb: { directory: /mnt/usb }
    nas: { rclone: "nas:kombinator", config: /etc/rclone.conf }
    offsite: { restic: "s3:https://s3.example.org/b", password_file: /etc/restic.key }
`;

it('places for backups are read, and opened by their names', () => {
  const config = read(FULL);
  expect(config).toEqual({
    directory: '/srv/backups',
    recipients: [RECIPIENT],
    destinations: new Map<string, unknown>([
      ['usb', { kind: 'directory', directory: '/mnt/usb' }],
      ['nas', { kind: 'rclone', remote: 'nas:kombinator', config: '/etc/rclone.conf' }],
      [
        'offsite',
        { kind: 'restic', repository: 's3:https://s3.example.org/b', passwordFile: '/etc/restic.key' },
      ],
    ]),
  });
  const { backups, backupDestinations, backupCipher } = openBackups(config, {
    stateDir: '/var/lib/k',
    env: {},
  });
  expect(backups.backupVolume('shop', 'db').location).toBe('/srv/backups/shop/db');
  const places = [...backupDestinations].map(([name, store]) => [
    name,
    store.backupVolume('shop', 'db').location,
  ]);
  expect(places).toEqual([
    ['usb', '/mnt/usb/shop/db'],
    ['nas', 'nas:kombinator/shop/db'],
    ['offsite', 's3:https://s3.example.org/b:/shop/db'],
  ]);
  expect(backupCipher.required).toEqual([RECIPIENT]);
  expect(read('{}')).toEqual({});
});

it.each([
  [
    'backups: { destinations: { x: { directory: /a, rclone: "b:" } } }',
    /backups\.destinations\.x|destinations/,
  ],
  ['backups: { destinations: { x: { restic: /a } } }', /password_file/],
  ['backups: { destinations: { x: { directory: a } } }', /directory/],
  ['backups: { recipients: [me] }', /must be an age recipient/],
])('%s is refused with why', (text, why) => expect(() => read(text)).toThrow(why));

it('a file of variables that is not there is told of when the daemon begins', () => {
  const config = read(
    'backups: { destinations: { x: { restic: /a, password_file: /b, environment_file: /none.env } } }',
  );
  expect(() => openBackups(config, { stateDir: '/s', env: {} })).toThrow(
    'environment_file /none.env cannot be read',
  );
});
