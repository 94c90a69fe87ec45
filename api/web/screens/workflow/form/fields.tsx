import type { ComponentChildren } from 'preact';
import { useContext, useState } from 'preact/hooks';
import { CircleX, Link2, Plus, Trash2, TriangleAlert } from 'lucide';
import type { JsonSchema } from '../../../client/workflow-types.ts';
import { Icon } from '../../../parts/icon.tsx';
import { showValue } from '../../../parts/value.tsx';
import { asFields } from '../edit/graph.ts';
import type { AskProps, FieldProps } from './asked.ts';
import { ChoiceField, FreeField, NumberField, SwitchField, TextField } from './scalar-fields.tsx';
import { formatPath, FormWords, isBlank, kindOf, labelOf, resolveSchema, setKey } from './schema.ts';
import type { Path } from './schema.ts';

/** A question made from a JSON schema, with what is found about its answer beside it. */
export function Field(props: FieldProps) {
  const words = useContext(FormWords);
  const { path } = props;
  const schema = resolveSchema(props.schema, words.definitions);
  const kind = kindOf(schema);
  if (kind === 'hidden') return null;
  const id = `${words.id}-${formatPath(path)}`;
  const findings = words.findingsAt(path);
  const given = words.fillAt(path);
  const key = path.at(-1);
  const label = props.label ?? (typeof key === 'number' ? `${key + 1}` : labelOf(String(key), schema));
  const asked: AskProps = {
    ...props,
    schema,
    label,
    id,
    describedBy: `${id}-help`,
    isWrong: findings.some(({ severity }) => severity === 'error'),
    isReadOnly: words.isReadOnly,
    blank: given === undefined ? '' : `${showValue(given.fill.value)} (from ${given.from})`,
  };
  const isGroup = kind === 'group' || kind === 'list' || kind === 'map';
  const help = (
    <div id={asked.describedBy} class="field-help">
      {findings.map((finding) => (
        <p key={finding.message} class={`finding ${finding.severity}`}>
          <Icon
            of={finding.severity === 'error' ? CircleX : TriangleAlert}
            label={finding.severity}
            size={15}
          />{' '}
          {finding.message}
          {finding.hint !== undefined && <>; {finding.hint}</>}
        </p>
      ))}
      {given !== undefined && (
        <p class="given">
          <Icon of={Link2} size={15} /> <b>{given.from}</b> fills in{' '}
          <code>{showValue(given.fill.value)}</code>
        </p>
      )}
      {schema.description !== undefined && <p class="muted">{schema.description}</p>}
    </div>
  );
  const parts = { asked, kind, help };
  return isGroup ? <Group {...parts} /> : <Single {...parts} />;
}

interface Parts {
  readonly asked: AskProps;
  readonly kind: ReturnType<typeof kindOf>;
  readonly help: ComponentChildren;
}

function Single({ asked, kind, help }: Parts) {
  return (
    <div class={`form-field${asked.isWrong ? ' wrong' : ''}`}>
      <label for={asked.id}>
        {asked.label}
        {asked.isRequired === true && <span class="muted"> (needed)</span>}
      </label>
      {kind === 'choice' ? (
        <ChoiceField {...asked} />
      ) : kind === 'switch' ? (
        <SwitchField {...asked} />
      ) : kind === 'number' ? (
        <NumberField {...asked} />
      ) : kind === 'free' ? (
        <FreeField {...asked} />
      ) : (
        <TextField {...asked} isMixed={kind === 'mixed'} isArea={kind === 'area'} />
      )}
      {help}
    </div>
  );
}

function Group({ asked, kind, help }: Parts) {
  return (
    <fieldset
      class={`form-field form-group${asked.isWrong ? ' wrong' : ''}`}
      aria-describedby={asked.describedBy}
    >
      <legend>
        {asked.label}
        {asked.isRequired === true && <span class="muted"> (needed)</span>}
      </legend>
      {help}
      {kind === 'list' ? (
        <ListField {...asked} />
      ) : kind === 'map' ? (
        <MapField {...asked} />
      ) : (
        <GroupField {...asked} />
      )}
    </fieldset>
  );
}

/** Members of an object, each a question. */
function GroupField({ path, schema, value, onChange }: AskProps) {
  const fields = asFields(value);
  return (
    <Members
      path={path}
      schema={schema}
      value={fields}
      names={Object.keys(schema.properties ?? {})}
      onChange={(next) => onChange(isBlank(next) ? undefined : next)}
    />
  );
}

export interface MembersProps {
  readonly path: Path;
  readonly schema: JsonSchema;
  readonly value: Readonly<Record<string, unknown>>;
  readonly names: readonly string[];
  readonly onChange: (value: Readonly<Record<string, unknown>>, name: string) => void;
}

/** Questions for some members of an object. */
export function Members({ path, schema, value, names, onChange }: MembersProps) {
  return (
    <>
      {names.map((name) => (
        <Field
          key={name}
          path={[...path, name]}
          schema={schema.properties?.[name] ?? {}}
          value={value[name]}
          isRequired={schema.required?.includes(name) === true}
          onChange={(next) => onChange(setKey(value, name, next), name)}
        />
      ))}
    </>
  );
}

/** The first value of an item that is added. */
function firstValue(schema: JsonSchema): unknown {
  const kind = kindOf(schema);
  if (kind === 'group' || kind === 'map') return {};
  if (kind === 'choice') return schema.enum?.[0];
  return kind === 'list' ? [] : '';
}

/** A schema whose words stand above the list already. */
function withoutWords({ description: _description, title: _title, ...schema }: JsonSchema): JsonSchema {
  return schema;
}

function ListField({ path, schema, value, label, isReadOnly, onChange }: AskProps) {
  const { definitions } = useContext(FormWords);
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  const item = resolveSchema(schema.items ?? {}, definitions);
  const one = label.replace(/s$/, '').toLowerCase();
  const put = (next: readonly unknown[]): void => onChange(next.length === 0 ? undefined : next);
  return (
    <>
      {items.map((current, index) => (
        // Items have no other name than their place.
        <div key={index} class="form-row">
          <Field
            path={[...path, index]}
            schema={withoutWords(item)}
            label={`${label} ${index + 1}`}
            value={current}
            onChange={(next) => put(items.map((old, at) => (at === index ? (next ?? '') : old)))}
          />
          {!isReadOnly && (
            <button
              type="button"
              class="icon-button"
              aria-label={`Remove ${one} ${index + 1}`}
              onClick={() => put(items.filter((_, at) => at !== index))}
            >
              <Icon of={Trash2} size={16} />
            </button>
          )}
        </div>
      ))}
      {!isReadOnly && (
        <button type="button" class="add" onClick={() => put([...items, firstValue(item)])}>
          <Icon of={Plus} size={16} /> Add {one}
        </button>
      )}
    </>
  );
}

/** Keys with values; a key counts when it is left. */
function MapField({ path, schema, value, label, isReadOnly, onChange }: AskProps) {
  const entries = Object.entries(asFields(value));
  const [begun, begin] = useState('');
  const item = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {};
  const put = (next: readonly (readonly [string, unknown])[]): void =>
    onChange(next.length === 0 ? undefined : Object.fromEntries(next));
  const add = (): void => {
    const key = begun.trim();
    if (key === '' || entries.some(([known]) => known === key)) return;
    put([...entries, [key, '']]);
    begin('');
  };
  return (
    <>
      {entries.map(([key, current], index) => (
        <div key={key} class="form-row">
          <Field
            path={[...path, key]}
            schema={item}
            label={key}
            value={current}
            onChange={(next) => put(entries.map((old, at) => (at === index ? [key, next ?? ''] : old)))}
          />
          {!isReadOnly && (
            <button
              type="button"
              class="icon-button"
              aria-label={`Remove ${key}`}
              onClick={() => put(entries.filter((_, at) => at !== index))}
            >
              <Icon of={Trash2} size={16} />
            </button>
          )}
        </div>
      ))}
      {!isReadOnly && (
        <div class="form-row add-key">
          <input
            aria-label={`New key of ${label.toLowerCase()}`}
            placeholder="Name of a new key"
            value={begun}
            onInput={(event) => begin(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter') return;
              event.preventDefault();
              add();
            }}
          />
          <button type="button" disabled={begun.trim() === ''} onClick={add}>
            <Icon of={Plus} size={16} /> Add
          </button>
        </div>
      )}
    </>
  );
}
