import type { NodeTemplate, Plugin } from '../model/catalogue.ts';

export type * from '../model/catalogue.ts';

export interface PluginView extends Plugin {
  /** Switched on by the user that was asked for. */
  readonly enabled: boolean;
  /** ISO 8601; `null`: it is not. */
  readonly enabledAt: string | null;
}

/** The catalogue of nodes for workflows, and what of it each user has switched on. A user is known by the e-mail address. */
export interface CatalogueOperations {
  /** Templates of Kubernetes' own objects, then those of plugins that the user has switched on. */
  listTemplates(user: string): readonly NodeTemplate[];
  /** Lists plugins by their names for people: those that come along, and those of the repository that have no errors. */
  listPlugins(user: string): readonly PluginView[];
  /** Throws UNKNOWN_PLUGIN. */
  getPlugin(id: string, user: string): PluginView;
  /** Throws UNKNOWN_PLUGIN. One that is on stays on. */
  enablePlugin(id: string, user: string): PluginView;
  /** Throws UNKNOWN_PLUGIN, and BAD_OPTIONS when it is not on. */
  disablePlugin(id: string, user: string): PluginView;
}
