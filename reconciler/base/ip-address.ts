/** Tells whether it is an IPv4 or IPv6 address. */
export function isAddress(text: string): boolean {
  if (/^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/.test(text)) return true;
  return text.includes(':') && URL.canParse(`http://[${text}]`);
}
