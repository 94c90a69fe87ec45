import type { DiagnosticCollector } from '../base/document-diagnostic.ts';
import type { Fields } from '../base/values.ts';
import { asFields, asList, asString, own } from '../base/values.ts';
import type { Role } from '../ports/accounts/user-records.ts';
import type { ProviderClaims, SignInProvider, TrustedIssuer, UsersConfig } from '../public/users-config.ts';
import { DEFAULT_USERS } from '../public/users-config.ts';

const ROOT = 'users';
const OIDC_SCOPES = ['openid', 'profile', 'email'];
const OAUTH_SCOPES = ['email'];

/** Reads `users` of the operator's configuration, which the schema has passed; what that cannot tell is added to the collector. */
export function readUsersConfig(fields: Fields | undefined, diagnostics: DiagnosticCollector): UsersConfig {
  if (fields === undefined) return DEFAULT_USERS;
  const signUp = asFields(fields['signUp']) ?? {};
  const config: UsersConfig = {
    frontendUrl: readUrl(fields['frontendUrl']),
    publicUrl: readUrl(fields['publicUrl']),
    passwordLogin: fields['passwordLogin'] !== false,
    signUp: {
      enabled: signUp['enabled'] === true,
      domains: readDomains(signUp['domains']),
      inviteCode: signUp['inviteCode'] !== false,
    },
    providers: (asList(fields['providers']) ?? []).map((one) => readProvider(asFields(one) ?? {})),
    tokens: (asList(fields['tokens']) ?? []).map((one) => readIssuer(asFields(one) ?? {})),
  };
  checkUsers(config, diagnostics);
  return config;
}

/** A pattern passes what only begins like an address. */
function checkUrl(url: string | undefined, key: string, diagnostics: DiagnosticCollector): void {
  if (url === undefined || URL.canParse(url)) return;
  diagnostics.error('INVALID_FORMAT', [ROOT, key], `"${url}" is no address`);
}

function checkUsers(config: UsersConfig, diagnostics: DiagnosticCollector): void {
  const { providers, passwordLogin, tokens, signUp } = config;
  checkUrl(config.frontendUrl, 'frontendUrl', diagnostics);
  checkUrl(config.publicUrl, 'publicUrl', diagnostics);
  for (const [index, { name }] of providers.entries()) {
    if (providers.findIndex((other) => other.name === name) === index) continue;
    diagnostics.error(
      'INVALID_VALUE',
      [ROOT, 'providers', index, 'name'],
      `there is another provider "${name}"`,
    );
  }
  for (const key of ['frontendUrl', 'publicUrl'] as const) {
    if (providers.length === 0 || config[key] !== undefined) continue;
    diagnostics.error('REQUIRED', [ROOT, 'providers'], `providers need users.${key}`, { hint: WHY_URL[key] });
  }
  if (!passwordLogin && providers.length === 0 && tokens.length === 0)
    diagnostics.error('INVALID_VALUE', [ROOT, 'passwordLogin'], 'nobody could sign in', {
      hint: 'leave out passwordLogin, or name a provider',
    });
  if (!passwordLogin && signUp.enabled)
    diagnostics.error('INVALID_VALUE', [ROOT, 'signUp', 'enabled'], 'who signs up does so with a password', {
      hint: 'leave out passwordLogin: false, or signUp; a provider has a signUp of its own',
    });
}

const WHY_URL = {
  frontendUrl: 'the address of the web pages, which browsers are sent back to',
  publicUrl: 'the address of this API as browsers reach it, which providers send them to',
} as const;

/** `undefined` without one; a slash at the end is left out. */
function readUrl(value: unknown): string | undefined {
  return asString(value)?.replace(/\/+$/, '');
}

function readDomains(value: unknown): readonly string[] {
  return texts(value).map((domain) => domain.toLowerCase());
}

function texts(value: unknown): readonly string[] {
  return (asList(value) ?? []).filter((item) => typeof item === 'string');
}

function readProvider(fields: Fields): SignInProvider {
  const text = (key: string) => asString(own(fields, key));
  const [name, isOidc] = [text('name') ?? '', fields['type'] === 'oidc'];
  const domains = readDomains(fields['domains']);
  const scopes = fields['scopes'] === undefined ? undefined : texts(fields['scopes']);
  const common = {
    name,
    displayName: text('displayName') ?? name,
    icon: text('icon') ?? name,
    clientId: text('clientId') ?? '',
    clientSecret: text('clientSecret'),
    scopes: scopes ?? (isOidc ? OIDC_SCOPES : OAUTH_SCOPES),
    claims: readClaims(asFields(fields['claims']) ?? {}, isOidc ? 'sub' : 'id'),
    domains,
    newUsers: fields['signUp'] === undefined ? domains.length > 0 : fields['signUp'] === true,
    trustEmails: fields['trustEmails'] === true,
  };
  if (isOidc) return { ...common, type: 'oidc', issuer: text('issuer') ?? '' };
  return {
    ...common,
    type: 'oauth2',
    authorizeUrl: text('authorizeUrl') ?? '',
    tokenUrl: text('tokenUrl') ?? '',
    userUrl: text('userUrl') ?? '',
    emailsUrl: text('emailsUrl'),
  };
}

function readClaims(fields: Fields, subject: string): ProviderClaims {
  return {
    subject: asString(fields['subject']) ?? subject,
    email: asString(fields['email']) ?? 'email',
    name: asString(fields['name']) ?? 'name',
  };
}

function readIssuer(fields: Fields): TrustedIssuer {
  return {
    issuer: asString(fields['issuer']) ?? '',
    audience: asString(fields['audience']) ?? '',
    jwks: asString(fields['jwks']),
    rolesClaim: asString(fields['rolesClaim']),
    // The schema has passed nothing but roles.
    roles: (asFields(fields['roles']) ?? {}) as Readonly<Record<string, Role>>,
  };
}
