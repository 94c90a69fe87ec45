import { useMemo } from 'preact/hooks';
import type { JsonSchema } from '../../client/workflow-types.ts';
import { Dialog } from '../../parts/dialog.tsx';
import { SchemaForm } from './form/schema-form.tsx';
import type { FormContext, Path } from './form/schema.ts';
import { formatPath, FormWords } from './form/schema.ts';
import { useWork } from './work.ts';
import './form/form.css';

const SCHEMA: JsonSchema = {
  type: 'object',
  required: ['cluster'],
  properties: {
    title: { title: 'Name for people', type: 'string' },
    description: { type: 'string' },
    status: {
      title: 'Is it applied?',
      description:
        'draft: nothing is applied yet. published: what is saved is applied. archived: its objects are removed.',
      enum: ['draft', 'published', 'archived'],
    },
    cluster: { type: 'string', description: 'Name of a file clusters/NAME.yaml in the repository.' },
    namespace: {
      type: 'string',
      description: 'Of nodes that name none; it is made where it is missing. Default default.',
    },
    tags: { type: 'array', items: { type: 'string' }, description: 'For people.' },
  },
};

/** The workflow itself: what it is called, where it runs, whether it is applied. */
export function SettingsDialog({ onClose }: { onClose: () => void }) {
  const { editor, catalogue, findings, isReadOnly } = useWork();
  const form = useMemo(
    (): FormContext => ({
      definitions: catalogue.definitions,
      isReadOnly,
      id: 'settings',
      findingsAt: (path: Path) => findings.others.filter((one) => one.path === formatPath(path)),
      fillAt: () => undefined,
    }),
    [catalogue, findings, isReadOnly],
  );
  return (
    <Dialog title="Settings of the workflow" onClose={onClose}>
      <FormWords.Provider value={form}>
        <SchemaForm
          path={[]}
          schema={SCHEMA}
          value={editor.document.value}
          usual={['title', 'description', 'status', 'cluster', 'namespace', 'tags']}
          without={Object.keys(editor.document.value).filter((key) => SCHEMA.properties?.[key] === undefined)}
          onChange={(document, name) => editor.edit(() => document, `settings ${name}`)}
        />
      </FormWords.Provider>
      <div class="actions">
        <button type="button" class="primary" onClick={onClose}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
