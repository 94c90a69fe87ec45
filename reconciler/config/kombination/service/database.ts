import type { BackupModel, DatabaseModel } from './database-model.ts';
import { onMachines } from '../cluster-node.ts';
import { parseSchedule } from '../../../base/schedule.ts';
import type { DocumentPath } from '../../../base/document-path.ts';
import type { DiagnosticCollector } from '../../../base/document-diagnostic.ts';
import { accept } from '../../../base/document-diagnostic.ts';
import type { Kombination, ServiceModel } from '../kombination.ts';
import { suggest } from '../../../base/nearest.ts';
import type { Fields } from '../../../base/values.ts';
import { asFields, asList, asNumber, asString, defined } from '../../../base/values.ts';
import type { BackupPolicy, Compression } from '../../../database/backup.ts';
import { parseDataName } from '../../../database/data-name.ts';
import { DEFAULT_KEEP, DEFAULT_SCHEDULE } from '../../../database/backup.ts';
import type { DatabaseSettings } from '../../../database/settings.ts';
import { DATABASE_KINDS, databaseOf } from '../../../database/settings.ts';

/** `database: postgres`, or a map. */
export function readDatabase(value: unknown, path: DocumentPath): DatabaseModel | undefined {
  const fields: Fields = asFields(value) ?? { kind: value };
  const kind = DATABASE_KINDS.find((known) => known === fields['kind']);
  if (kind === undefined) return undefined;
  return defined({
    kind,
    user: asString(fields['user']),
    database: asString(fields['database']),
    passwordSecret: asString(fields['password_secret']),
    passwordEnv: asString(fields['password_env']),
    path,
  });
}

/** `backup` of a document that has been checked against the schema. */
export function readBackup(value: unknown, diagnostics: DiagnosticCollector): BackupModel | undefined {
  const fields = asFields(value);
  if (fields === undefined || fields['enabled'] === false) return undefined;
  const path = ['backup'];
  const { keep, days } = { keep: asNumber(fields['keep']), days: asNumber(fields['days']) };
  const volume = asString(fields['volume']);
  const destination = readDestination(fields, path, diagnostics);
  return defined({
    schedule: readSchedule(fields['schedule'], [...path, 'schedule'], diagnostics),
    keep: keep ?? (days === undefined ? DEFAULT_KEEP : undefined),
    days,
    compression: readCompression(fields['compression']),
    services: textsOf(fields['services']),
    volumes: readChoice(fields['volumes']),
    directories: readChoice(fields['directories']),
    stop: fields['stop'] === true ? true : undefined,
    destination,
    encrypt: typeof fields['encrypt'] === 'boolean' ? fields['encrypt'] : undefined,
    recipients: textsOf(fields['recipients']),
    volume,
    path,
  });
}

function textsOf(value: unknown): readonly string[] | undefined {
  return asList(value)?.flatMap((name) => asString(name) ?? []);
}

/** All, some by name, or none. */
function readChoice(value: unknown): true | readonly string[] | undefined {
  return value === true ? true : textsOf(value);
}

function readSchedule(value: unknown, path: DocumentPath, diagnostics: DiagnosticCollector): string {
  const text = asString(value);
  if (text === undefined) return DEFAULT_SCHEDULE;
  return accept(parseSchedule(text), path, diagnostics) === undefined ? DEFAULT_SCHEDULE : text;
}

function readCompression(value: unknown): Compression {
  return value === 'zstd' || value === 'none' ? value : 'gzip';
}

/** Name of a place of the operator's; addresses, as the intent dialect has them, are the operator's to know. */
const PLACE = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

function readDestination(
  fields: Fields,
  path: DocumentPath,
  diagnostics: DiagnosticCollector,
): string | undefined {
  const destination = asString(fields['destination']);
  if (destination === undefined) {
    if (fields['enabled'] === true && fields['volume'] === undefined) {
      const message = 'backups are wanted, and destination does not say where they go';
      diagnostics.warning('BACKUP_DESTINATION_MISSING', path, message, { hint: 'backup.volume', at: 'key' });
    }
    return undefined;
  }
  if (PLACE.test(destination)) return destination;
  diagnostics.warning(
    'NOT_APPLIED',
    [...path, 'destination'],
    'backup.destination is not applied: it is no name',
    {
      hint: "the name of one of backups.destinations in the daemon's configuration, which says where it is",
      at: 'key',
    },
  );
  return undefined;
}

/** Reports a destination that the operator has not set up. */
function checkDestination(
  { backup }: Kombination,
  known: readonly string[] | undefined,
  diagnostics: DiagnosticCollector,
): void {
  const wanted = backup?.destination;
  if (backup === undefined || wanted === undefined || known === undefined || known.includes(wanted)) return;
  const message = `there is no destination ${wanted}, so backups will fail`;
  const hint =
    suggest(wanted, known) ??
    `backups.destinations of the daemon's configuration has ${known.join(', ') || 'none'}; the operator adds it there`;
  diagnostics.warning('NOT_APPLIED', [...backup.path, 'destination'], message, { hint, at: 'key' });
}

/**
 * Checks what databases and backups refer to.
 *
 * @param destinations places for backups that the operator has set up; `undefined`: not known here
 */
export function checkDatabases(
  kombination: Kombination,
  destinations: readonly string[] | undefined,
  diagnostics: DiagnosticCollector,
): void {
  for (const service of kombination.services) checkPassword(service, diagnostics);
  const { backup } = kombination;
  if (backup === undefined) return;
  checkBackedUp(kombination, backup, diagnostics);
  checkDestination(kombination, destinations, diagnostics);
  checkData(kombination, backup, diagnostics);
  const chosen = backedUpServices(kombination);
  const hasData = backup.volumes !== undefined || backup.directories !== undefined;
  if (chosen.length === 0 && backup.services === undefined && !hasData) {
    diagnostics.warning(
      'NOT_APPLIED',
      backup.path,
      'backup is not applied: no service of the stack is a database',
      {
        hint: 'volumes: true backs up volumes, directories: true directories; database: postgres tells of a service with an image of its own',
        at: 'key',
      },
    );
  }
  const here = onMachines(kombination).services;
  for (const { name, mounts } of hasData ? kombination.services.filter((one) => !here.includes(one)) : []) {
    if (mounts.length === 0 || chosen.some((one) => one.name === name)) continue;
    const message = `${name} runs on a cluster, and what it keeps is not backed up: volumes and directories are on machines only`;
    diagnostics.warning('NOT_APPLIED', backup.path, message, { at: 'key' });
  }
  const { volume } = backup;
  if (volume === undefined) return;
  for (const service of chosen.filter((one) => folderIn(one, volume) === undefined)) {
    const message = `${service.name} does not mount the volume ${volume}, so its backups cannot be kept there`;
    const known = service.mounts.flatMap(({ mount }) => (mount.type === 'volume' ? [mount.source] : []));
    const hint = suggest(volume, known) ?? `volumes: ["${volume}:/backups"] of ${service.name}`;
    diagnostics.error('UNKNOWN_VOLUME', [...backup.path, 'volume'], message, { hint });
  }
}

function checkPassword({ name, database, secrets }: ServiceModel, diagnostics: DiagnosticCollector): void {
  const wanted = database?.passwordSecret;
  if (database === undefined || wanted === undefined) return;
  const known = secrets.map(({ source }) => source);
  if (known.includes(wanted)) return;
  const message = `${name} is not given the secret ${wanted}`;
  diagnostics.error('UNKNOWN_SECRET', [...database.path, 'password_secret'], message, {
    hint: suggest(wanted, known) ?? `add it to secrets: of ${name}`,
  });
}

function checkBackedUp(
  { services }: Kombination,
  backup: BackupModel,
  diagnostics: DiagnosticCollector,
): void {
  for (const [index, name] of (backup.services ?? []).entries()) {
    const path = [...backup.path, 'services', index];
    const service = services.find((one) => one.name === name);
    const databases = services.filter(isDatabase).map((one) => one.name);
    if (service === undefined) {
      diagnostics.error('UNKNOWN_SERVICE', path, `there is no service ${name} to back up`, {
        hint: suggest(name, databases),
      });
    } else if (!isDatabase(service)) {
      diagnostics.error('INVALID_VALUE', path, `${name} is no database`, {
        hint: 'database: postgres (or mysql, mongodb, redis) of the service, when it is one',
      });
    }
  }
}

/** Volumes and directories that are named have to be there. */
function checkData(
  { services, volumes }: Kombination,
  backup: BackupModel,
  diagnostics: DiagnosticCollector,
): void {
  const known = [
    ...Object.keys(volumes),
    ...services.flatMap(({ mounts }) =>
      mounts.flatMap(({ mount }) => (mount.type === 'volume' ? [mount.source] : [])),
    ),
  ];
  for (const [index, name] of (backup.volumes === true ? [] : (backup.volumes ?? [])).entries()) {
    if (known.includes(name)) continue;
    diagnostics.error('UNKNOWN_VOLUME', [...backup.path, 'volumes', index], `there is no volume ${name}`, {
      hint: suggest(name, known),
    });
  }
  const names = services.map(({ name }) => name);
  for (const [index, text] of (backup.directories === true ? [] : (backup.directories ?? [])).entries()) {
    const name = parseDataName(text);
    // The schema has reported what is none.
    if (name?.kind !== 'directory' || names.includes(name.service)) continue;
    const { service } = name;
    const path = [...backup.path, 'directories', index];
    diagnostics.error('UNKNOWN_SERVICE', path, `there is no service ${service}`, {
      hint: suggest(service, names),
    });
  }
}

function isDatabase(service: ServiceModel): boolean {
  return databaseOf({ image: service.image ?? '', ...withKind(service) }) !== null;
}

function withKind({ database }: ServiceModel): { readonly database?: DatabaseSettings } {
  return database === undefined ? {} : { database: { kind: database.kind } };
}

function backedUpServices({ services, backup }: Kombination): readonly ServiceModel[] {
  const chosen = backup?.services;
  return services.filter((service) => isDatabase(service) && (chosen?.includes(service.name) ?? true));
}

function folderIn({ mounts }: ServiceModel, volume: string): string | undefined {
  return mounts.find(
    ({ mount }) => mount.type === 'volume' && mount.source === volume && mount.readOnly !== true,
  )?.mount.target;
}

/** Returns what is known of a service's database; left out where its image tells everything. */
export function databaseSettings(
  service: ServiceModel,
  { backup }: Kombination,
): { readonly database?: DatabaseSettings } {
  const { database, secrets } = service;
  const volume = backup?.volume;
  const settings = databaseOf({ image: service.image ?? '', ...withKind(service) });
  if (settings === null || (database === undefined && volume === undefined)) return {};
  const { user, database: only, passwordSecret, passwordEnv } = database ?? {};
  const passwordFile = secrets.find(({ source }) => source === passwordSecret)?.target;
  const backupFolder = volume === undefined ? undefined : folderIn(service, volume);
  return {
    database: defined({
      kind: settings.kind,
      user,
      database: only,
      passwordFile: passwordSecret === undefined ? undefined : passwordFile,
      passwordEnv,
      backupFolder,
    }),
  };
}

/** Returns how a stack's databases are backed up. */
export function backupPolicy({ backup }: Kombination): { readonly backup?: BackupPolicy } {
  if (backup === undefined) return {};
  const { path: _, volume: _volume, ...policy } = backup;
  return { backup: policy };
}
