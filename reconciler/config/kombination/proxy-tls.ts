import type { TlsSettings } from './tls-settings.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit } from '../kits/kit.ts';
import { fillIn } from '../kits/kit.ts';
import type { WrittenKombination } from './kombination.ts';
import type { SecretModel } from './service/secret-use.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, own } from '../../base/values.ts';

export function readTls(value: unknown): TlsSettings | undefined {
  const fields = asFields(value);
  if (!fields) return undefined;
  const provider = asString(fields['provider']);
  const email = asString(fields['email']);
  const certFile = asString(fields['cert_file']);
  const keyFile = asString(fields['key_file']);
  return {
    wildcard: fields['wildcard'] === true,
    ...(provider === undefined ? {} : { provider }),
    ...(email === undefined ? {} : { email }),
    ...(certFile === undefined ? {} : { certFile }),
    ...(keyFile === undefined ? {} : { keyFile }),
  };
}

/** Settings that the proxy is told besides. */
export interface ProxyTls {
  /** Contact for certificates, `''` when nobody needs one. */
  readonly email: string;
  readonly fragments: readonly Fields[];
  /** Secrets that the fragments use. */
  readonly secrets: Readonly<Record<string, SecretModel>>;
}

const NO_PROXY_TLS: ProxyTls = { email: '', fragments: [], secrets: {} };
const KEY_SECRET = 'proxy-tls-key';
const CERT_SECRET = 'proxy-tls-cert';

/**
 * Chooses how the proxy comes by certificates: as `ssl.provider` says; else from Let's Encrypt when there is a contact and a domain that
 * the world knows; else it makes its own.
 */
export function chooseTls(
  written: WrittenKombination,
  kit: Kit | undefined,
  diagnostics: DiagnosticCollector,
): ProxyTls {
  const proxy = kit?.proxy;
  if (!proxy?.tls) return written.tls && kit ? reportNoTls(written, kit, diagnostics) : NO_PROXY_TLS;
  const { domain, tls = {} } = written;
  const contact = tls.email ?? written.email;
  const open = domain !== undefined && !isPrivate(domain);
  const provider = tls.provider ?? (open && contact !== undefined ? 'letsencrypt' : 'selfsigned');
  if (tls.wildcard && provider === 'letsencrypt') {
    const message = 'ssl.wildcard is not applied: every host gets a certificate of its own';
    diagnostics.warning('NOT_APPLIED', ['ssl', 'wildcard'], message, { at: 'key' });
  }
  if (provider === 'custom') return { email: contact ?? '', ...customTls(written, proxy, diagnostics) };
  if (provider === 'letsencrypt' && !open) {
    const message = `Let's Encrypt gives no certificates for ${domain ?? 'a stack without a domain'}`;
    const hint = domain === undefined ? 'give meta.domain' : 'ssl.provider: selfsigned';
    diagnostics.error('INVALID_VALUE', ['ssl', 'provider'], message, { hint });
  }
  if (provider === 'letsencrypt' && contact === undefined && open) {
    const message = `no contact is given for certificates; admin@${domain} is`;
    diagnostics.warning('MISSING_EMAIL', ['ssl', 'provider'], message, { hint: 'give meta.email' });
  }
  const email = contact ?? `admin@${domain ?? ''}`;
  return { email, fragments: [fillIn(own(proxy.tls, provider) ?? {}, { email })], secrets: {} };
}

function reportNoTls(_written: WrittenKombination, kit: Kit, diagnostics: DiagnosticCollector): ProxyTls {
  diagnostics.warning(
    'NOT_APPLIED',
    ['ssl'],
    `ssl is not applied: ${kit.name} has no proxy that knows certificates`,
    {
      at: 'key',
    },
  );
  return NO_PROXY_TLS;
}

function customTls(
  { tls = {} }: WrittenKombination,
  { tls: kinds = {}, certificate }: NonNullable<Kit['proxy']>,
  diagnostics: DiagnosticCollector,
): Pick<ProxyTls, 'fragments' | 'secrets'> {
  const { certFile, keyFile } = tls;
  for (const [key, value] of [
    ['cert_file', certFile],
    ['key_file', keyFile],
  ] as const) {
    if (value !== undefined) continue;
    diagnostics.error('REQUIRED', ['ssl', key], `a certificate of one's own needs ssl.${key}`, {
      hint: 'a file of the repository, or secret://…',
    });
  }
  if (certFile === undefined || keyFile === undefined || !certificate) return { fragments: [], secrets: {} };
  const certIsSecret = certFile.startsWith('secret://') || /\.(age|sops(\.[^/.]*)?)$/.test(certFile);
  const placed: Fields = {
    secrets: [
      { source: KEY_SECRET, target: certificate.key, mode: '0400' },
      ...(certIsSecret ? [{ source: CERT_SECRET, target: certificate.cert }] : []),
    ],
    files: certIsSecret ? [] : [{ source: certFile, target: certificate.cert }],
  };
  return {
    fragments: [kinds['custom'] ?? {}, placed],
    secrets: {
      [KEY_SECRET]: toSecret(keyFile, 'key_file'),
      ...(certIsSecret ? { [CERT_SECRET]: toSecret(certFile, 'cert_file') } : {}),
    },
  };
}

function toSecret(file: string, key: string): SecretModel {
  const path = ['ssl', key];
  return file.startsWith('secret://') ? { reference: file, path } : { file, path };
}

const PRIVATE =
  /(?:^|\.)(?:local|localhost|localdomain|lan|lab|home|internal|intranet|corp|test|invalid|home\.arpa)$/;

/** Tells whether only a network of one's own knows the domain: nobody outside signs certificates for it. */
function isPrivate(domain: string): boolean {
  return !domain.includes('.') || PRIVATE.test(domain) || /^[\d.]+$/.test(domain);
}
