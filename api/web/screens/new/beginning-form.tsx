import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { Upload } from 'lucide';
import { announceError } from '../../app/announce.tsx';
import { UI } from '../../client/home.ts';
import { toApiError } from '../../client/request.ts';
import { Editor } from '../../parts/edit/editor.tsx';
import { Icon } from '../../parts/icon.tsx';
import { KitChoice } from './kit-choice.tsx';
import type { Source, useDraft } from './use-draft.ts';

type Draft = ReturnType<typeof useDraft>;

const SOURCES: readonly (readonly [Source, label: string, meaning: string])[] = [
  ['compose', 'A Compose file', 'One that you have already; it stays as it is.'],
  ['kit', 'A kit', 'Ready-made services with defaults that fit together.'],
  ['document', 'An empty kombination', 'A short file that you write yourself.'],
];

/** Asks what the stack is called, where it runs, and what it begins with. */
export function BeginningForm({ draft }: { draft: Draft }) {
  const { beginning, change, isEdited } = draft;
  return (
    <>
      <div class="card card-body beginning">
        <TextField
          label="Name"
          hint={<>Lower-case letters, digits and hyphens.</>}
          placeholder="photos"
          value={beginning.name}
          isFixed={isEdited}
          onText={(name) => change({ name })}
        />
        <TextField
          label="Machine"
          hint={
            <>
              Name of a node of the repository, see <a href={`${UI}/nodes`}>Nodes</a>.
            </>
          }
          placeholder="the one that Kombinator runs on"
          value={beginning.node}
          isFixed={isEdited}
          onText={(node) => change({ node })}
        />
      </div>
      {!isEdited && (
        <>
          <fieldset class="sources">
            <legend>Begin with</legend>
            {SOURCES.map(([source, label, meaning]) => (
              <label key={source} class="card source">
                <input
                  type="radio"
                  name="source"
                  checked={beginning.source === source}
                  onChange={() => change({ source })}
                />
                <span>
                  <b>{label}</b>
                  <small class="muted">{meaning}</small>
                </span>
              </label>
            ))}
          </fieldset>
          <SourceForm draft={draft} />
        </>
      )}
    </>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly hint: ComponentChildren;
  readonly placeholder: string;
  readonly value: string;
  readonly isFixed: boolean;
  readonly onText: (text: string) => void;
}

function TextField({ label, hint, placeholder, value, isFixed, onText }: TextFieldProps) {
  const id = useId();
  return (
    <div>
      <label class="field">
        <span>{label}</span>
        <input
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          placeholder={placeholder}
          aria-describedby={id}
          value={value}
          disabled={isFixed}
          onInput={(event) => onText(event.currentTarget.value)}
        />
      </label>
      <small id={id} class="muted">
        {hint}
      </small>
    </div>
  );
}

function SourceForm({ draft: { beginning, change, tried } }: { draft: Draft }) {
  const { source, compose, document } = beginning;
  if (source === 'kit')
    return <KitChoice kit={beginning.kit} services={beginning.services} change={change} />;
  const findings = tried.error === null ? (tried.data?.diagnostics ?? []) : [];
  if (source === 'document')
    return (
      <Editor
        label="The kombination"
        value={document}
        findings={findings.filter(({ file }) => file?.endsWith('/kombination.yaml'))}
        onInput={(text) => change({ document: text })}
      />
    );
  return (
    <>
      <UploadButton onText={(text) => change({ compose: text })} />
      <Editor
        label="The Compose file"
        value={compose}
        findings={findings.filter(({ file }) => file?.endsWith('/compose.yaml'))}
        onInput={(text) => change({ compose: text })}
      />
    </>
  );
}

/** Reads a file of the person's own machine; pasting it does the same. */
function UploadButton({ onText }: { onText: (text: string) => void }) {
  const id = useId();
  const read = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    try {
      onText(await file.text());
    } catch (problem) {
      announceError('Not read', toApiError(problem));
    }
  };
  return (
    <p class="filters upload">
      <input
        id={id}
        type="file"
        class="visually-hidden"
        accept=".yaml,.yml,text/yaml,application/yaml"
        onChange={(event) => void read(event.currentTarget.files?.[0])}
      />
      <label class="button" for={id}>
        <Icon of={Upload} size={16} /> Upload a Compose file
      </label>
      <span class="muted">or paste one:</span>
    </p>
  );
}
