import { useState } from 'preact/hooks';
import { readYaml, writeYaml } from '../edit/yaml-edit.ts';
import type { AskProps } from './asked.ts';
import { defaultOf, isBlank } from './schema.ts';

/** Attributes that every element that asks has. */
function common({ id, describedBy, isWrong, isReadOnly }: AskProps) {
  return {
    id,
    'aria-describedby': describedBy,
    'aria-invalid': isWrong,
    disabled: isReadOnly,
    autocomplete: 'off',
    spellcheck: false,
  } as const;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

interface TextProps extends AskProps {
  /** Numbers, true and false are meant as such. */
  readonly isMixed: boolean;
  readonly isArea: boolean;
}

export function TextField(props: TextProps) {
  const { value, schema, blank, isMixed, isArea, onChange } = props;
  const text = textOf(value);
  const attributes = {
    ...common(props),
    value: text,
    placeholder: blank === '' ? defaultOf(schema) : blank,
    onInput: (event: { readonly currentTarget: HTMLInputElement | HTMLTextAreaElement }) => {
      const next = event.currentTarget.value;
      onChange(next === '' ? undefined : isMixed ? readMixed(next, schema.type) : next);
    },
  };
  return isArea || text.includes('\n') ? <textarea rows={4} {...attributes} /> : <input {...attributes} />;
}

/** A text as the number or the boolean that it is, where the schema lets it be one. */
function readMixed(text: string, type: unknown): unknown {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  const number = /^-?(?:0|[1-9]\d{0,14})(?:\.\d*[1-9])?$/.test(text) ? Number(text) : null;
  if (
    number !== null &&
    (types.includes('number') || (types.includes('integer') && Number.isInteger(number)))
  )
    return number;
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

/** A number; what is none stays as it is written, so that the finding about it can be seen. */
export function NumberField(props: AskProps) {
  const { value, schema, blank, onChange } = props;
  return (
    <input
      {...common(props)}
      inputMode={schema.type === 'integer' ? 'numeric' : 'decimal'}
      value={textOf(value)}
      placeholder={blank === '' ? defaultOf(schema) : blank}
      onInput={(event) => {
        const text = event.currentTarget.value.trim();
        const number = Number(text);
        onChange(text === '' ? undefined : Number.isFinite(number) && !text.endsWith('.') ? number : text);
      }}
    />
  );
}

export function ChoiceField(props: AskProps) {
  const { value, schema, isRequired, blank, onChange } = props;
  const known = schema.enum ?? [];
  const usual = blank === '' ? defaultOf(schema) : blank;
  const isOther = !isBlank(value) && !known.some((one) => one === value);
  return (
    <select
      {...common(props)}
      value={textOf(value)}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === '' ? undefined : known.find((one) => String(one) === text));
      }}
    >
      {(isRequired !== true || isBlank(value)) && (
        <option value="">{usual === '' ? 'not set' : `not set: ${usual}`}</option>
      )}
      {isOther && <option value={textOf(value)}>{textOf(value)}</option>}
      {known.map((one) => (
        <option key={String(one)} value={String(one)}>
          {String(one)}
        </option>
      ))}
    </select>
  );
}

export function SwitchField(props: AskProps) {
  const { value, schema, onChange } = props;
  const usual = defaultOf(schema);
  return (
    <select
      {...common(props)}
      value={typeof value === 'boolean' ? String(value) : ''}
      onChange={(event) => {
        const text = event.currentTarget.value;
        onChange(text === '' ? undefined : text === 'true');
      }}
    >
      <option value="">{usual === '' ? 'not set' : `not set: ${usual === 'true' ? 'yes' : 'no'}`}</option>
      <option value="true">yes</option>
      <option value="false">no</option>
    </select>
  );
}

/** Anything, as YAML. Its text counts as soon as it is some. */
export function FreeField(props: AskProps) {
  const { value, onChange, describedBy } = props;
  const shown = isBlank(value) ? '' : writeYaml(value).trimEnd();
  const [typed, type] = useState<string | null>(null);
  const text = typed ?? shown;
  const isBroken = typed !== null && typed.trim() !== '' && readYaml(typed) === undefined;
  return (
    <>
      <textarea
        {...common(props)}
        rows={Math.min(14, Math.max(3, text.split('\n').length + 1))}
        value={text}
        placeholder="As YAML"
        aria-describedby={`${describedBy} ${describedBy}-yaml`}
        aria-invalid={isBroken || props.isWrong}
        onInput={(event) => {
          const next = event.currentTarget.value;
          type(next);
          if (next.trim() === '') onChange(undefined);
          else if (readYaml(next) !== undefined) onChange(readYaml(next));
        }}
        onBlur={() => !isBroken && type(null)}
      />
      <p id={`${describedBy}-yaml`} class="finding error" role="status">
        {isBroken && 'This is no YAML yet, so it does not count.'}
      </p>
    </>
  );
}
