import { CircleX, TriangleAlert } from 'lucide';
import type { Diagnostic } from '../client/api-types.ts';
import { Icon } from './icon.tsx';
import { SourceLink } from './source-link.tsx';

interface FindingsProps {
  readonly of: readonly Diagnostic[];
  /** True where the file is named above them. Default false. */
  readonly isInFile?: boolean;
}

/** Findings about files: what, where, and what to do. */
export function Findings({ of, isInFile = false }: FindingsProps) {
  return (
    <ul class="findings">
      {of.map((one) => (
        <li key={`${one.file} ${one.line} ${one.code} ${one.message}`} class={one.severity}>
          <Icon of={one.severity === 'error' ? CircleX : TriangleAlert} label={one.severity} size={16} />
          <div>
            <p>{one.message}</p>
            <p class="muted small">
              {one.file !== undefined && (
                <SourceLink file={one.file} line={one.line} column={one.column} isInFile={isInFile} />
              )}
              {one.hint !== undefined && <> {one.hint}</>}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}
