const UNITS = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'] as const;

/** `1.4 GB` of bytes, by 1,024; what is not known is said so. */
export function tellBytes(bytes: number | null): string {
  if (bytes === null) return 'size not known';
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1;
  return `${value.toLocaleString('en', { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

/** `12% CPU` of thousandths of a processor; one processor that does nothing else is 100%. */
export function tellCpu(millis: number): string {
  return `${(millis / 10).toLocaleString('en', { maximumFractionDigits: millis < 100 ? 1 : 0 })}% CPU`;
}
