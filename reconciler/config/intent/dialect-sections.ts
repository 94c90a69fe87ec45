import type { DocumentPath } from '../../base/document-path.ts';
import type { Moves } from './dialect-moves.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Fields } from '../../base/values.ts';
import { asFields, asString, own, asText } from '../../base/values.ts';

interface Sections {
  readonly moves: Moves;
  readonly diagnostics: DiagnosticCollector;
}

/** Moves what the top level says in other words, and says once of everything else that it is not applied. */
export function applySections(document: Fields, result: Record<string, unknown>, sections: Sections): void {
  addName(document, result, sections);
  addDomain(document, result, sections);
  addTls(document, result, sections);
  addSubnet(document, result, sections);
  reportSections(document, sections);
  reportBackups(document, sections);
}

function addName(document: Fields, result: Record<string, unknown>, { moves, diagnostics }: Sections): void {
  const meta = asFields(document['meta']);
  const { name, kit } = document;
  if (name !== undefined && meta?.['name'] === undefined && (meta || document['meta'] === undefined)) {
    result['meta'] = { ...meta, name };
    if (!meta) moves.move(['meta'], ['name']);
    moves.move(['meta', 'name'], ['name']);
  } else if (name !== undefined && name !== meta?.['name']) {
    diagnostics.error('INVALID_VALUE', ['name'], 'name and meta.name say different things', {
      hint: 'keep one of them',
    });
  }
  if (kit !== undefined && document['stackkit'] !== undefined && kit !== document['stackkit']) {
    diagnostics.error('INVALID_VALUE', ['kit'], 'kit and stackkit say different things', {
      hint: 'keep one of them',
    });
  }
  // The intent dialect leaves the choice of a kit to whoever carries it out.
  if (document['stackkit'] === undefined && (kit !== undefined || name !== undefined)) {
    result['stackkit'] = kit ?? '';
    moves.move(['stackkit'], [kit === undefined ? 'name' : 'kit']);
  }
}

function addDomain(
  document: Fields,
  result: Record<string, unknown>,
  { moves, diagnostics }: Sections,
): void {
  const domain = asString(asFields(document['network'])?.['domain']);
  if (domain === undefined) return;
  const meta = asFields(result['meta']);
  const other = meta?.['domain'] ?? document['domain'];
  if (other !== undefined && other !== domain) {
    diagnostics.error(
      'INVALID_VALUE',
      ['network', 'domain'],
      'network.domain and meta.domain say different things',
      {
        hint: 'keep one of them',
      },
    );
  }
  if (other !== undefined) return;
  result['domain'] = domain;
  moves.move(['domain'], ['network', 'domain']);
  // A finding about meta.domain points at the same key.
  moves.move(['meta', 'domain'], ['network', 'domain']);
}

const SOURCES: Readonly<Record<string, string>> = {
  acme: 'letsencrypt',
  manual: 'custom',
  selfsigned: 'selfsigned',
};

/** `network.ssl`, `network.tls` and `security.tls` all mean `ssl`; the first that is there counts. */
function addTls(document: Fields, result: Record<string, unknown>, { moves, diagnostics }: Sections): void {
  const network = asFields(document['network']);
  const tls = asFields(asFields(document['security'])?.['tls']);
  for (const key of ['minVersion', 'acmeProvider']) {
    if (own(tls, key) === undefined || own(tls, key) === 'letsencrypt') continue;
    notApplied(['security', 'tls', key], diagnostics);
  }
  if (document['ssl'] !== undefined) return;
  const take = (value: Fields, path: DocumentPath): void => {
    result['ssl'] = value;
    moves.move(['ssl'], path);
  };
  const ssl = asFields(network?.['ssl']);
  const plain = asFields(network?.['tls']);
  if (ssl) take(ssl, ['network', 'ssl']);
  else if (plain) take(plain, ['network', 'tls']);
  else if (tls && (tls['certSource'] !== undefined || tls['acmeEmail'] !== undefined)) {
    const provider = own(SOURCES, asText(tls['certSource']));
    const email = tls['acmeEmail'];
    take({ ...(provider === undefined ? {} : { provider }), ...(email === undefined ? {} : { email }) }, [
      'security',
      'tls',
    ]);
    moves.move(['ssl', 'provider'], ['security', 'tls', 'certSource']);
    moves.move(['ssl', 'email'], ['security', 'tls', 'acmeEmail']);
  }
}

function addSubnet(document: Fields, result: Record<string, unknown>, { moves }: Sections): void {
  const internal = asFields(asFields(document['network'])?.['internal']);
  const networks = asFields(document['networks']);
  if (!internal || networks?.['default'] !== undefined) return;
  result['networks'] = { ...networks, default: { ipam: { config: [internal] } } };
  moves.move(['networks', 'default'], ['network', 'internal']);
  moves.move(['networks', 'default', 'ipam', 'config', 0], ['network', 'internal']);
}

/** Sections that have nothing to do with bringing services in line, and what to do instead. */
const NOT_APPLIED: ReadonlyMap<string, string | undefined> = new Map([
  ['mode', undefined],
  ['intent', 'list the services'],
  ['intents', 'list the services'],
  ['system', 'set up the machine itself'],
  ['identity', undefined],
  ['failover', 'the kit ha-kit has keepalived'],
  ['vpn', 'the kit modern-homelab has headscale'],
  ['auth', 'list pocketid or authelia'],
  ['adoption', undefined],
  ['network.vpn', 'the kit modern-homelab has headscale'],
  ['network.dns', 'use dns of a service'],
  ['network.proxy', 'use env of a service'],
  ['security.ssh', 'set up the machine itself'],
  ['security.firewall', 'set up the machine itself'],
  ['security.secrets', 'see secret:// references'],
  ['observability.logging', 'use logging of a service'],
  ['observability.metrics', 'addons: [monitoring]'],
  ['observability.health', 'use healthcheck of a service'],
  ['observability.alerting', undefined],
  ['operations.autoUpdates', 'list watchtower'],
]);

function reportSections(document: Fields, { diagnostics }: Sections): void {
  for (const [name, hint] of NOT_APPLIED) {
    const path = name.split('.');
    const value = path.reduce<unknown>((inner, key) => own(asFields(inner), key), document);
    const off = value === undefined || value === 'none' || asFields(value)?.['enabled'] === false;
    if (!off) notApplied(path, diagnostics, hint);
  }
}

function notApplied(path: DocumentPath, diagnostics: DiagnosticCollector, hint?: string): void {
  diagnostics.warning('NOT_APPLIED', path, `${path.join('.')} is not applied`, { hint, at: 'key' });
}

/** `backup` of the document is read where the other parts of a stack are. */
function reportBackups(document: Fields, { diagnostics }: Sections): void {
  const path = ['observability', 'backup'];
  const backup = asFields(asFields(document['observability'])?.['backup']);
  if (!backup || backup['enabled'] === false) return;
  if (backup['enabled'] === true && backup['target'] === undefined) {
    const message = 'backups are wanted, and target does not say where they go';
    diagnostics.warning('BACKUP_DESTINATION_MISSING', path, message, {
      hint: `${path.join('.')}.target`,
      at: 'key',
    });
  }
  notApplied(path, diagnostics, 'backup of the document: volumes, directories and destination');
}
