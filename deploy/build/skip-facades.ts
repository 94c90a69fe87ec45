/** A file that only passes on what is in another one, under other names. */
const FACADE = /^export \{ (?<names>[^}]+) \} from "(?<file>\.\/[^"]+)";\s*$/;

/**
 * Has chunks take what they load late from the file that it is in, which most often is there already, and not by way of one that passes it on.
 *
 * @param codes of all chunks, by the names of their files
 */
export function skipFacades(codes: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  const facades = new Map<string, { readonly file: string; readonly names: string }>(
    [...codes].flatMap(([name, code]) => {
      const { names = '', file = '' } = FACADE.exec(code)?.groups ?? {};
      return file === '' ? [] : [[`./${name}`, { file, names: renaming(names) }] as const];
    }),
  );
  const behind = (file: string, load: (name: string) => string): string | null => {
    const facade = facades.get(file);
    return facade === undefined ? null : load(facade.file).replace('NAMES', () => facade.names);
  };
  return new Map(
    [...codes].map(([name, code]) => [
      name,
      code
        .replaceAll(
          /\bimport\("(\.\/[^"]+)"\)/g,
          (all, file: string) => behind(file, (other) => `import("${other}").then((part) => NAMES)`) ?? all,
        )
        .replaceAll(
          /(?<=\(\) => )(\S+createRequire\(import\.meta\.url\))\("(\.\/[^"]+)"\)/g,
          (all, load: string, file: string) =>
            behind(file, (other) => `((part) => NAMES)(${load}("${other}"))`) ?? all,
        ),
    ]),
  );
}

/** `a as one, two` as an object of `part`. */
function renaming(names: string): string {
  const pairs = names.split(', ').map((pair) => pair.split(' as '));
  return `({ ${pairs.map(([inner, outer = inner]) => `${outer}: part.${inner}`).join(', ')} })`;
}
