/** Names of the cookie; the first is one that no other host can set, and goes over https only. */
const NAMES = { secure: '__Host-kombinator_session', plain: 'kombinator_session' } as const;
const SECONDS = 30 * 24 * 3_600;

function nameOf(isSecure: boolean): string {
  return isSecure ? NAMES.secure : NAMES.plain;
}

/** Values of a cookie, in the order in which the browser sends them. */
export function readCookies(header: string | undefined, name: string): readonly string[] {
  const parts = header?.split(';').map((part) => part.trim()) ?? [];
  return parts.filter((part) => part.startsWith(`${name}=`)).map((part) => part.slice(name.length + 1));
}

/** The session that a browser brings along. Several that differ are nobody's: one of them was put there by another host. */
export function readSession(header: string | undefined, isSecure: boolean): string | undefined {
  const [value, ...others] = new Set(readCookies(header, nameOf(isSecure)));
  return value === '' || others.length > 0 ? undefined : value;
}

/** The header `Set-Cookie`. No script reads it, and no page of another site has it sent along. `null` takes it away. */
export function formatSession(value: string | null, isSecure: boolean): string {
  const age = value === null ? 0 : SECONDS;
  const secure = isSecure ? '; Secure' : '';
  return `${nameOf(isSecure)}=${value ?? ''}; Path=/; Max-Age=${age}; HttpOnly; SameSite=Strict${secure}`;
}
