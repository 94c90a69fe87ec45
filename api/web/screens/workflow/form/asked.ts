import type { JsonSchema } from '../../../client/workflow-types.ts';
import type { Path } from './schema.ts';

export interface FieldProps {
  readonly path: Path;
  readonly schema: JsonSchema;
  readonly value: unknown;
  readonly isRequired?: boolean;
  /** Words instead of those of the schema. */
  readonly label?: string;
  /** `undefined`: it is taken out. */
  readonly onChange: (value: unknown) => void;
}

/** Props of the part that asks: the schema is whole, the name is known. */
export interface AskProps extends FieldProps {
  readonly label: string;
  /** Id of the element that is asked in. */
  readonly id: string;
  /** Ids of the texts that belong to it. */
  readonly describedBy: string;
  readonly isWrong: boolean;
  readonly isReadOnly: boolean;
  /** Words where nothing is given. */
  readonly blank: string;
}
