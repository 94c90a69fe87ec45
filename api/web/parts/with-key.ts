/** Adds the key that leads into a field to its hint; not on a phone, which has no keys. */
export function withKey(text: string): string {
  return matchMedia('(max-width: 760px)').matches ? text : `${text}   ( / )`;
}
