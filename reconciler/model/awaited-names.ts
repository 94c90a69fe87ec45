/** Names on a target that stacks wait for: what somebody else is to make, and names that others bear. */
export interface AwaitedNames {
  /** Replaces the names that the stack waits for. */
  replace(stack: string, keys: readonly string[]): void;
  add(stack: string, key: string): void;
  /** Stacks that wait for this. */
  stacksFor(key: string): readonly string[];
}

export function createAwaitedNames(): AwaitedNames {
  const byStack = new Map<string, ReadonlySet<string>>();
  return {
    replace(stack, keys) {
      if (keys.length === 0) byStack.delete(stack);
      else byStack.set(stack, new Set(keys));
    },
    add: (stack, key) => void byStack.set(stack, new Set([...(byStack.get(stack) ?? []), key])),
    stacksFor: (key) => [...byStack].flatMap(([stack, keys]) => (keys.has(key) ? [stack] : [])),
  };
}
