/** A plugin that somebody has switched on. */
export interface PluginSwitch {
  /** Id of the plugin; it may be gone by now. */
  readonly plugin: string;
  /** ISO 8601. */
  readonly enabledAt: string;
}

/** Plugins by who has switched them on. Part of the store: it throws as the store does. */
export interface PluginSwitches {
  /** Lists switches by plugin. */
  listPluginSwitches(user: string): readonly PluginSwitch[];
  /** Leaves a switch that is on already as it is. */
  enablePlugin(user: string, { plugin, enabledAt }: PluginSwitch): void;
  /** Returns `false` when it was not on. */
  disablePlugin(user: string, plugin: string): boolean;
}
