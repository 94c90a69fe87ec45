import backup from '../../../schemas/catalogue/plugins/backup.json' with { type: 'json' };
import cicd from '../../../schemas/catalogue/plugins/cicd.json' with { type: 'json' };
import database from '../../../schemas/catalogue/plugins/database.json' with { type: 'json' };
import messaging from '../../../schemas/catalogue/plugins/messaging.json' with { type: 'json' };
import ml from '../../../schemas/catalogue/plugins/ml.json' with { type: 'json' };
import monitoring from '../../../schemas/catalogue/plugins/monitoring.json' with { type: 'json' };
import networking from '../../../schemas/catalogue/plugins/networking.json' with { type: 'json' };
import policy from '../../../schemas/catalogue/plugins/policy.json' with { type: 'json' };
import scaling from '../../../schemas/catalogue/plugins/scaling.json' with { type: 'json' };
import security from '../../../schemas/catalogue/plugins/security.json' with { type: 'json' };
import storage from '../../../schemas/catalogue/plugins/storage.json' with { type: 'json' };
import virtualization from '../../../schemas/catalogue/plugins/virtualization.json' with { type: 'json' };
import workflow from '../../../schemas/catalogue/plugins/workflow.json' with { type: 'json' };
import type { PluginCatalogue } from '../../model/catalogue.ts';
import { readPlugin } from './read-plugin.ts';

const FILES = [
  backup,
  cicd,
  database,
  messaging,
  ml,
  monitoring,
  networking,
  policy,
  scaling,
  security,
  storage,
  virtualization,
  workflow,
];

let read: PluginCatalogue | undefined;

/** The plugins that come along; read when they are first asked for, since most repositories have no workflows. */
export function builtInPlugins(): PluginCatalogue {
  return (read ??= new Map(FILES.flat().map((fields) => [fields.id, readPlugin(fields.id, fields)])));
}
