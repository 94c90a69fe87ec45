import { useState } from 'preact/hooks';
import type { TagView } from '../../client/fleet-types.ts';
import { repository } from '../../client/repository.ts';
import { post } from '../../client/request.ts';
import { announce } from '../../app/announce.tsx';
import { Confirm } from '../../parts/confirm.tsx';

const VERSION = /^v?\d+\.\d+\.\d+$/;

/** Puts a new release tag on a commit. */
export function CreateTag({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const [form, setForm] = useState<TagForm>({
    service: '',
    version: '',
    environment: 'prod',
    commit: '',
    message: '',
  });
  const { service, version, environment } = form;
  const isValid = service !== '' && VERSION.test(version);
  const name = isValid ? `${service}-v${version.replace(/^v/, '')}-${environment}` : null;
  const field = (key: keyof typeof form) => ({
    value: form[key],
    autocomplete: 'off',
    spellcheck: false,
    onInput: (event: { readonly currentTarget: HTMLInputElement }) =>
      setForm((before) => ({ ...before, [key]: event.currentTarget.value.trimStart() })),
  });
  return (
    <Confirm
      title="New release tag"
      action={name === null ? 'Make the tag' : `Make ${name}`}
      canConfirm={isValid}
      onConfirm={() => createTag(form).then(onMade)}
      onClose={onClose}
    >
      <p>It names a commit and is pushed. Nothing is deployed until somebody deploys the tag.</p>
      <label class="field">
        <span>Stack, or a service that only one stack has</span>
        <input autoFocus list="tag-subjects" {...field('service')} />
        <datalist id="tag-subjects">
          {(repository.value?.stacks ?? []).map((one) => (
            <option key={one} value={one} />
          ))}
        </datalist>
      </label>
      <div class="tag-fields">
        <label class="field">
          <span>Version</span>
          <input placeholder="1.2.0" {...field('version')} />
        </label>
        <EnvironmentField
          value={environment}
          onChoose={(next) => setForm((before) => ({ ...before, environment: next }))}
        />
      </div>
      <label class="field">
        <span>Commit, branch or tag (empty: the newest commit)</span>
        <input {...field('commit')} />
      </label>
      <label class="field">
        <span>Message (may be empty)</span>
        <input {...field('message')} />
      </label>
    </Confirm>
  );
}

interface TagForm {
  readonly service: string;
  readonly version: string;
  readonly environment: string;
  readonly commit: string;
  readonly message: string;
}

async function createTag({ service, version, environment, commit, message }: TagForm): Promise<void> {
  const tag = await post<TagView>('/tags', {
    service: service.trim(),
    version: version.trim().replace(/^v/, ''),
    environment,
    ...(commit.trim() !== '' && { commit: commit.trim() }),
    ...(message.trim() !== '' && { message: message.trim() }),
  });
  announce(`${tag.name} is made. Nothing is deployed by that.`);
}

const ENVIRONMENTS = ['dev', 'staging', 'prod'];

function EnvironmentField({ value, onChoose }: { value: string; onChoose: (name: string) => void }) {
  return (
    <label class="field">
      <span>Environment</span>
      <select value={value} onChange={(event) => onChoose(event.currentTarget.value)}>
        {ENVIRONMENTS.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
