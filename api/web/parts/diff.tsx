/** Kind of a line of a unified diff. */
function kindOf(line: string): 'added' | 'removed' | 'hunk' | 'same' {
  if (line.startsWith('@@')) return 'hunk';
  if (line.startsWith('+')) return 'added';
  return line.startsWith('-') ? 'removed' : 'same';
}

const SIGNS = { added: 'added', removed: 'removed' } as const;

/** Lines of a unified diff. Added and removed ones have a sign and a colour, and are named for those who do not see them. */
export function Diff({
  lines,
  omitted = 0,
  label,
}: {
  lines: readonly string[];
  omitted?: number;
  label: string;
}) {
  return (
    <div class="code diff" role="figure" aria-label={label} tabIndex={0}>
      {lines.map((line, index) => {
        const kind = kindOf(line);
        return (
          // Lines have no other name than their place.
          <div key={index} class={`line ${kind}`}>
            {kind === 'added' || kind === 'removed' ? (
              <span class="visually-hidden">{SIGNS[kind]}: </span>
            ) : null}
            {line === '' ? ' ' : line}
          </div>
        );
      })}
      {omitted > 0 && <div class="line hunk">… {omitted.toLocaleString('en')} further lines</div>}
    </div>
  );
}
