import { describe, expect, it } from 'vitest';
import { isPlainSecret } from '../../../reconciler/config/kombination/checks/plain-secrets.ts';

describe('isPlainSecret', () => {
  it.each([
    ['DB_PASSWORD', 'hunter2'],
    ['POSTGRES_PASSWORD', '1234'],
    ['MYSQL_PASS', 'x'],
    ['SMTPPASS', 'x'],
    ['GF_SECURITY_ADMIN_PASSWORD', 'changeme'],
    ['JWT_SECRET', 'abcdef'],
    ['AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG'],
    ['SECRET_KEY_BASE', 'x1'],
    ['APP_KEY', 'base64:AAAA'],
    ['CF_API_TOKEN', 'abc'],
    ['apiKey', 'abc'],
    ['DATABASE_URL', 'postgres://app:hunter2@db/app'],
    ['REDIS', 'redis://:hunter2@cache:6379'],
    ['ANYTHING', `ghp_${'a1'.repeat(18)}`],
    ['AWS_ACCESS_KEY_ID', 'AKIAIOSFODNN7EXAMPLE'],
    ['PEM', '-----BEGIN RSA PRIVATE KEY-----\nMII'],
  ])('%s=%s', (name, value) => {
    expect(isPlainSecret(name, value)).toBe(true);
  });

  it.each([
    ['DB_PASSWORD', ''],
    ['DB_PASSWORD_FILE', '/run/secrets/db'],
    ['DB_PASSWORD', '/run/secrets/db'],
    ['MYSQL_RANDOM_ROOT_PASSWORD', 'yes'],
    ['POSTGRES_HOST_AUTH_METHOD', 'trust'],
    ['PASSWORD_MIN_LENGTH', '12'],
    ['SESSION_TOKEN', '3600'],
    ['ACCESS_TOKEN', '15m'],
    ['PUBLIC_KEY', 'abc'],
    ['COMPASS', 'north'],
    ['DATABASE_URL', 'postgres://db/app'],
    ['URL', 'https://example.org/a:b@c'],
    ['TZ', 'Europe/Berlin'],
  ])('not %s=%s', (name, value) => {
    expect(isPlainSecret(name, value)).toBe(false);
  });
});
