import { ReconcilerError } from '../../base/errors.ts';
import { compareText } from '../../base/values.ts';
import { CORE_TEMPLATES, pluginTemplates } from '../../config/catalogue/templates.ts';
import type { Plugin, PluginCatalogue } from '../../model/catalogue.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PluginSwitches } from '../../ports/plugin-switches.ts';
import type { CatalogueOperations, PluginView } from '../../public/catalogue.ts';

export interface CatalogueParts {
  readonly desired: { plugins(): PluginCatalogue };
  readonly store: PluginSwitches;
  readonly clock: Pick<Clock, 'now'>;
}

export function createCatalogueOperations({ desired, store, clock }: CatalogueParts): CatalogueOperations {
  const switchesOf = (user: string): ReadonlyMap<string, string> =>
    new Map(store.listPluginSwitches(user).map(({ plugin, enabledAt }) => [plugin, enabledAt]));
  const listPlugins = (user: string): readonly PluginView[] => {
    const switches = switchesOf(user);
    const plugins = [...desired.plugins().values()].filter((plugin) => plugin !== null);
    return plugins.map((plugin) => toView(plugin, switches)).toSorted(byDisplayName);
  };
  const getPlugin = (id: string, user: string): PluginView => {
    const plugin = desired.plugins().get(id);
    if (!plugin) throw new ReconcilerError('UNKNOWN_PLUGIN', `there is no plugin ${id}`);
    return toView(plugin, switchesOf(user));
  };
  return {
    listTemplates(user) {
      const enabled = listPlugins(user).filter((plugin) => plugin.enabled);
      return [...CORE_TEMPLATES, ...enabled.flatMap(pluginTemplates)];
    },
    listPlugins,
    getPlugin,
    enablePlugin(id, user) {
      getPlugin(id, user);
      store.enablePlugin(user, { plugin: id, enabledAt: new Date(clock.now()).toISOString() });
      return getPlugin(id, user);
    },
    disablePlugin(id, user) {
      const view = getPlugin(id, user);
      if (store.disablePlugin(user, id)) return { ...view, enabled: false, enabledAt: null };
      throw new ReconcilerError('BAD_OPTIONS', 'plugin not enabled for this user');
    },
  };
}

function toView(plugin: Plugin, switches: ReadonlyMap<string, string>): PluginView {
  const enabledAt = switches.get(plugin.id) ?? null;
  return { ...plugin, enabled: enabledAt !== null, enabledAt };
}

function byDisplayName(a: Plugin, b: Plugin): number {
  return compareText(a.displayName.toLowerCase(), b.displayName.toLowerCase()) || compareText(a.id, b.id);
}
