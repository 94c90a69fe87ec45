/** Name of a place of data, as people write it: `volume:NAME` for a volume of the stack, `SERVICE:/PATH` for what a service mounts there. */
export type DataName =
  | { readonly kind: 'volume'; readonly volume: string }
  | { readonly kind: 'directory'; readonly service: string; readonly target: string };

export function formatDataName(name: DataName): string {
  return name.kind === 'volume' ? `volume:${name.volume}` : `${name.service}:${name.target}`;
}

/** `null` for what is neither, such as the name of a service alone. */
export function parseDataName(text: string): DataName | null {
  const [, before = '', after = ''] = /^([^:=]+):(.+)$/s.exec(text) ?? [];
  if (after.startsWith('/')) return { kind: 'directory', service: before, target: after };
  return before === 'volume' && after !== '' && !/[:/=]/.test(after)
    ? { kind: 'volume', volume: after }
    : null;
}

/** Name of the folder that backups are kept in: of a service's database the service, of data a name that no service has. */
export function toFolderName(name: string): string {
  const data = parseDataName(name);
  if (data === null) return name;
  return data.kind === 'volume'
    ? `volume=${data.volume}`
    : `${data.service}=${encodeURIComponent(data.target)}`;
}

/** The other way round. */
export function fromFolderName(folder: string): string {
  const [, before = '', after = ''] = /^([^=]+)=(.+)$/s.exec(folder) ?? [];
  if (after === '') return folder;
  try {
    return `${before}:${decodeURIComponent(after)}`;
  } catch {
    // Somebody else's folder.
    return folder;
  }
}
