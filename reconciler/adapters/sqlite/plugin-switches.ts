import type { PluginSwitches } from '../../ports/plugin-switches.ts';
import type { Access } from './access.ts';
import { text } from './rows.ts';

export function createPluginSwitches({ use }: Access): PluginSwitches {
  return {
    listPluginSwitches: (user) =>
      use((statements) =>
        statements.listPluginSwitches
          .all(user)
          .map((row) => ({ plugin: text(row, 'plugin'), enabledAt: text(row, 'enabled_at') })),
      ),
    enablePlugin: (user, { plugin, enabledAt }) =>
      use((statements) => void statements.enablePlugin.run(user, plugin, enabledAt)),
    disablePlugin: (user, plugin) =>
      use((statements) => Number(statements.disablePlugin.run(user, plugin).changes) > 0),
  };
}
