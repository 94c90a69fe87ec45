/** Tells whether it is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  if (/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text)) return true;
  return text.includes(':') && URL.canParse(`http://[${text}]`);
}

/** IPv4 addresses as numbers, both ends included. */
export interface AddressRange {
  readonly first: number;
  readonly last: number;
}

/** The range of an IPv4 subnet such as `10.20.0.0/24`; undefined for everything else. */
export function parseRange(text: string): AddressRange | undefined {
  const [, address = '', length] = /^([\d.]+)\/(\d{1,2})$/.exec(text) ?? [];
  const value = parseAddress(address);
  const bits = Number(length);
  if (value === undefined || length === undefined || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const first = Math.floor(value / size) * size;
  return { first, last: first + size - 1 };
}

/** An IPv4 address as a number; undefined for everything else. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split('.').map(Number);
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(text) || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function rangesOverlap(a: AddressRange, b: AddressRange | undefined): boolean {
  return b !== undefined && a.first <= b.last && b.first <= a.last;
}
