import { CircleX, Info, TriangleAlert } from 'lucide';
import type { Diagnostic } from '../../client/api-types.ts';
import { Icon } from '../icon.tsx';

const ICONS = { error: CircleX, warning: TriangleAlert, info: Info } as const;

/** Findings in the one file that is open: each leads to its line. */
export function LineFindings({ of, go }: { of: readonly Diagnostic[]; go: (line: number) => void }) {
  if (of.length === 0) return null;
  return (
    <ul class="findings line-findings" aria-label="Findings in this file">
      {of.map(({ severity, line, code, message, hint }) => (
        <li key={`${line} ${code} ${message}`} class={severity}>
          <Icon of={ICONS[severity]} label={severity} size={16} />
          <div>
            <p>
              {line !== undefined && (
                <button type="button" class="to-line" onClick={() => go(line)}>
                  Line {line}
                </button>
              )}{' '}
              {message}
            </p>
            {hint !== undefined && <p class="muted small">{hint}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
