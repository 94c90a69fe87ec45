import { builtInPlugins } from '../../../reconciler/config/catalogue/built-in-plugins.ts';
import type { PluginSwitch, PluginSwitches } from '../../../reconciler/ports/plugin-switches.ts';
import type { CatalogueOperations } from '../../../reconciler/public/catalogue.ts';
import { createCatalogueOperations } from '../../../reconciler/run/operations/catalogue.ts';
import { createFastClock } from './fast-clock.ts';

/** Switches in memory. */
export function createMemorySwitches(): PluginSwitches {
  const users = new Map<string, Map<string, PluginSwitch>>();
  const of = (user: string) => {
    const own = users.get(user) ?? new Map<string, PluginSwitch>();
    users.set(user, own);
    return own;
  };
  return {
    listPluginSwitches: (user) => [...of(user).values()].sort((a, b) => (a.plugin < b.plugin ? -1 : 1)),
    enablePlugin(user, one) {
      if (!of(user).has(one.plugin)) of(user).set(one.plugin, one);
    },
    disablePlugin: (user, plugin) => of(user).delete(plugin),
  };
}

/** The catalogue that comes along, with switches in memory. */
export function createFakeCatalogue(): CatalogueOperations {
  const desired = { plugins: () => builtInPlugins() };
  return createCatalogueOperations({ desired, store: createMemorySwitches(), clock: createFastClock() });
}
