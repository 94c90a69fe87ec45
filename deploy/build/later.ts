/** Belongs to each file of the bundle. */
declare const require: (file: string) => unknown;

/** Loads files that stand beside the bundle that this is in. */
export const loadBeside = (file: string): unknown => require(file);

type Exports = Readonly<Record<string, unknown>>;
type Callable = (...args: unknown[]) => unknown;

/**
 * Stands for a module until something of it is used; only then it is loaded. Functions and classes may be taken out of it before.
 *
 * @param load returns the module
 * @param functions names of exports that can be called
 * @param others names of all other exports
 */
export function later(
  load: () => unknown,
  functions: readonly string[],
  others: readonly string[] = [],
): Exports {
  const exported = {};
  for (const name of functions) {
    const value = standFor(() => (load() as Exports)[name] as Callable);
    Object.defineProperty(exported, name, { enumerable: true, value });
  }
  for (const name of others)
    Object.defineProperty(exported, name, { enumerable: true, get: () => (load() as Exports)[name] });
  return exported;
}

/** A function or class that is fetched when it is called, made, derived from, or asked for something. */
export function standFor(fetch: () => Callable): Callable {
  return new Proxy<Callable>(function stand() {}, {
    apply: (_, self, args) => Reflect.apply(fetch(), self, args),
    construct: (_, args, target) => Reflect.construct(fetch(), args, target) as object,
    get: (_, key) => Reflect.get(fetch(), key) as unknown,
    has: (_, key) => Reflect.has(fetch(), key),
    set: (_, key, value) => Reflect.set(fetch(), key, value),
  });
}
