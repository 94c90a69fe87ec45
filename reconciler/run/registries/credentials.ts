import { ReconcilerError } from '../../base/errors.ts';
import { asFields, asString, own } from '../../base/values.ts';
import type { RegistryType } from '../../model/registry-entry.ts';

/** Values by name, in clear: they go into the vault and nowhere else. */
export type RegistryCredentialFields = Readonly<Record<string, string>>;

interface Wanted {
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

const LOGIN: Wanted = { required: ['username', 'password'], optional: [] };

const WANTED: Readonly<Record<RegistryType, Wanted>> = {
  dockerhub: LOGIN,
  ghcr: LOGIN,
  custom: LOGIN,
  ecr: { required: ['accessKeyId', 'secretAccessKey', 'region'], optional: [] },
  gcr: { required: ['serviceAccountJson'], optional: [] },
  acr: { required: ['clientId', 'clientSecret'], optional: ['tenantId'] },
};

/** The credentials that a type of registry takes. Throws BAD_OPTIONS naming what is missing or wrong, never a value. */
export function readRegistryCredentials(type: RegistryType, given: object): RegistryCredentialFields {
  const { required, optional } = WANTED[type];
  const values = asFields(given) ?? {};
  const read = (key: string): string => asString(own(values, key))?.trim() ?? '';
  const missing = required.filter((key) => read(key) === '');
  if (missing.length > 0) throw refuse(`a registry of the type ${type} needs ${missing.join(', ')}`);
  const fields = [...required, ...optional].map((key) => [key, read(key)] as const);
  const kept = Object.fromEntries(fields.filter(([, value]) => value !== ''));
  if (type === 'ecr' && !/^[a-z]{2,4}(?:-[a-z]+)+-\d$/.test(read('region')))
    throw refuse('region must be one of AWS, such as eu-west-1');
  if (type === 'gcr') checkServiceAccount(read('serviceAccountJson'));
  return kept;
}

function checkServiceAccount(text: string): void {
  const fields = asFields(parse(text));
  const isKey = ['client_email', 'private_key'].every((key) => asString(own(fields, key)) !== undefined);
  if (!isKey)
    throw refuse(
      'serviceAccountJson must be the JSON key of a service account, with client_email and private_key',
    );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error repeats a piece of the key.
    return undefined;
  }
}

function refuse(message: string): ReconcilerError {
  return new ReconcilerError('BAD_OPTIONS', message);
}

/** The name and password that images are pulled with; `undefined`: they have to be asked for. */
export function pullLoginOf(
  type: RegistryType,
  fields: RegistryCredentialFields,
): { readonly username: string; readonly password: string } | undefined {
  const value = (key: string): string => own(fields, key) ?? '';
  switch (type) {
    case 'dockerhub':
    case 'ghcr':
    case 'custom':
      return { username: value('username'), password: value('password') };
    case 'gcr':
      return { username: '_json_key', password: value('serviceAccountJson') };
    case 'acr':
      return { username: value('clientId'), password: value('clientSecret') };
    case 'ecr':
      return undefined;
    default:
      return type satisfies never;
  }
}
