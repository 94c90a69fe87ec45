import { asFields, asList, own } from '../../base/values.ts';
import { isRelative } from '../../model/docker/mounts.ts';
import type { YamlDocument } from '../yaml-document.ts';

/** Words that only mean something together with other files, or with variables. */
const DOCUMENT_WORDS = ['compose', 'include', 'configs'];
const SERVICE_WORDS = ['env_file', 'label_file', 'extends', 'configs', 'profiles'];

/** Tells whether a kombination adopts Compose files. */
export function adoptsCompose({ value }: YamlDocument): boolean {
  return asFields(value)?.['compose'] !== undefined;
}

/**
 * Tells whether a kombination says anything that has to be filled in, or brought together from other files, before it can be read. Asked of
 * every document, so it must be quick; most say nothing of the kind.
 */
export function speaksCompose({ value }: YamlDocument): boolean {
  const document = asFields(value);
  if (!document) return false;
  if (DOCUMENT_WORDS.some((word) => own(document, word) !== undefined)) return true;
  const { services, variables: _, hooks: __, charts: ___, overlays: ____, ...rest } = document;
  for (const item of asList(services) ?? Object.values(asFields(services) ?? {})) {
    const service = asFields(item);
    if (!service) continue;
    if (SERVICE_WORDS.some((word) => own(service, word) !== undefined)) return true;
    if ((asList(service['volumes']) ?? []).some(isRelativeBind)) return true;
    if (passesOn(service['environment']) || passesOn(service['env'])) return true;
    const { files, ...fields } = service;
    if (hasDollar(fields) || (asList(files) ?? []).some(hasDollarBesideContent)) return true;
  }
  return hasDollar(rest);
}

/** A mount of a path beside the file: what it means depends on what is in the repository. */
function isRelativeBind(mount: unknown): boolean {
  const source = typeof mount === 'string' ? mount : asFields(mount)?.['source'];
  return typeof source === 'string' && isRelative(source);
}

/** A variable of which only the name is said. */
function passesOn(environment: unknown): boolean {
  const list = asList(environment);
  if (list) return list.some((item) => typeof item === 'string' && !item.includes('='));
  return Object.values(asFields(environment) ?? {}).includes(null);
}

/** Tells whether a file has dollar signs beside its content, which may have its own. */
function hasDollarBesideContent(file: unknown): boolean {
  const { content: _, ...fields } = asFields(file) ?? {};
  return hasDollar(fields);
}

function hasDollar(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('$');
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasDollar);
}
