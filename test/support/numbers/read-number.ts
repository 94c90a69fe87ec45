/** Reads a whole number, from 1, from the environment. */
export function readNumber(name: string, otherwise: number): number {
  const text = process.env[name] ?? String(otherwise);
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${name}=${text} is not a whole number from 1`);
  return Number(text);
}
