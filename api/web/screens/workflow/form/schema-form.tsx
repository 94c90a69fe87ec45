import { useContext, useState } from 'preact/hooks';
import { agree } from '../../../client/words.ts';
import type { JsonSchema } from '../../../client/workflow-types.ts';
import { Field, Members } from './fields.tsx';
import { FormWords, labelOf, resolveSchema, setKey } from './schema.ts';
import type { Path } from './schema.ts';

interface SchemaFormProps {
  readonly path: Path;
  readonly schema: JsonSchema;
  readonly value: Readonly<Record<string, unknown>>;
  /** Names of members that are always shown. */
  readonly usual: readonly string[];
  /** Members that are asked for elsewhere, or never. */
  readonly without?: readonly string[];
  readonly onChange: (value: Readonly<Record<string, unknown>>, name: string) => void;
}

/** A form for an object: what is needed, usual, given or wrong at once, the rest on demand. */
export function SchemaForm({ path, schema, value, usual, without = [], onChange }: SchemaFormProps) {
  const { definitions, findingsAt, fillAt } = useContext(FormWords);
  const whole = resolveSchema(schema, definitions);
  const known = Object.keys(whole.properties ?? {}).filter((name) => !without.includes(name));
  const names = [...new Set([...usual.filter((name) => known.includes(name)), ...known])];
  // Fields do not jump while somebody types in them.
  const [isOpen, setOpen] = useState(false);
  const [shown] = useState(
    () =>
      new Set(
        names.filter(
          (name) =>
            usual.includes(name) || whole.required?.includes(name) === true || value[name] !== undefined,
        ),
      ),
  );
  if (!isOpen)
    for (const name of names) {
      const place = [...path, name];
      if (findingsAt(place).length > 0 || fillAt(place) !== undefined) shown.add(name);
    }
  const rest = names.filter((name) => !shown.has(name));
  const unknown = Object.keys(value).filter(
    (name) => whole.properties?.[name] === undefined && !without.includes(name),
  );
  const common = { path, schema: whole, value, onChange };
  return (
    <>
      <Members {...common} names={names.filter((name) => shown.has(name))} />
      {unknown.map((name) => (
        <Field
          key={name}
          path={[...path, name]}
          schema={{}}
          label={labelOf(name, {})}
          value={value[name]}
          onChange={(next) => onChange(setKey(value, name, next), name)}
        />
      ))}
      {rest.length > 0 && (
        <details class="more-fields" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>
            {rest.length} more {agree(rest.length, 'field', 'fields')}
          </summary>
          {isOpen && <Members {...common} names={rest} />}
        </details>
      )}
    </>
  );
}
