import { own } from '../../base/values.ts';
import type { DiagnosticCollector } from '../../base/document-diagnostic.ts';
import { createDiagnosticCollector } from '../../base/document-diagnostic.ts';
import type { Kit } from '../kits/kit.ts';
import { kitServiceName } from '../kits/kit.ts';
import type { WrittenKombination, WrittenService } from './kombination.ts';
import { suggest } from '../../base/nearest.ts';
import { readServiceFields } from './service/service-fields.ts';

/**
 * Adds the services of `addons` that the document does not list itself. One that cannot run without settings is left
 * out, with a warning, until somebody lists it.
 */
export function withAddons(
  written: WrittenKombination,
  kit: Kit | undefined,
  diagnostics: DiagnosticCollector,
): WrittenKombination {
  if (!kit || written.addons.length === 0) return written;
  const listed = new Set(written.services.map(({ name }) => kitServiceName(kit, name) ?? name));
  const added: WrittenService[] = [];
  for (const { name, path } of written.addons) {
    const addon = own(kit.addons, name);
    if (!addon) {
      const hint = suggest(name, Object.keys(kit.addons));
      diagnostics.error('UNKNOWN_ADDON', path, `${kit.name} has no add-on ${name}`, { hint });
      continue;
    }
    for (const service of addon.services) {
      if (listed.has(service)) continue;
      listed.add(service);
      const required = Object.entries(own(kit.services, service)?.settings ?? {}).filter(
        ([, setting]) => setting.required,
      );
      if (required.length > 0) {
        const keys = required.map(([key]) => key).join(', ');
        const message = `${service} is left out of ${name}: it cannot run without settings (${keys})`;
        diagnostics.warning('INCOMPLETE_ADDON', path, message, { hint: `list ${service} with its config` });
        continue;
      }
      const fields = readServiceFields({}, path, createDiagnosticCollector());
      added.push({ name: service, enabled: true, ownImage: false, fields, path });
    }
  }
  return { ...written, services: [...written.services, ...added] };
}
