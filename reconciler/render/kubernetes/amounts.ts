const UNITS = [
  ['Ti', 1024 ** 4],
  ['Gi', 1024 ** 3],
  ['Mi', 1024 ** 2],
  ['Ki', 1024],
] as const;

/** An amount of bytes as a cluster writes it, so that nothing seems to differ: `256Mi`. */
export function amountOf(bytes: number): string {
  const unit = UNITS.find(([, size]) => bytes >= size && bytes % size === 0);
  return unit ? `${bytes / unit[1]}${unit[0]}` : String(bytes);
}

/** Cores as a cluster writes them: `500m`, `2`. @param nanoCpus 1e9 is one core */
export function coresOf(nanoCpus: number): string {
  const milli = Math.ceil(nanoCpus / 1e6);
  return milli % 1_000 === 0 ? String(milli / 1_000) : `${milli}m`;
}
