/** `1 min 20 s` of milliseconds. */
export function tellDuration(milliseconds: number | null): string {
  if (milliseconds === null) return '';
  if (milliseconds < 950) return `${Math.max(1, Math.round(milliseconds))} ms`;
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 100) return `${(tenths / 10).toFixed(1)} s`;
  // Whole seconds first: there is no sixtieth second.
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
