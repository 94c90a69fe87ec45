/** A value of a description, as short as it can be read. */
export function Value({ of, sensitive }: { of: unknown; sensitive?: boolean | undefined }) {
  if (of === null || of === undefined) return <i class="muted">not set</i>;
  if (sensitive === true) return <i class="muted">secret, not shown</i>;
  return <code class="value">{showValue(of)}</code>;
}

export function showValue(value: unknown): string {
  if (typeof value === 'string') return value === '' ? '""' : value;
  return JSON.stringify(value, null, typeof value === 'object' && JSON.stringify(value).length > 60 ? 2 : 0);
}
