import type { Source } from '../source.ts';

/** A source that does what another one does, as a plain object to put something else in the place of: an instance of a class keeps its methods to itself. */
export function delegateSource(source: Source): Source {
  return {
    location: source.location,
    get branch() {
      return source.branch;
    },
    root: source.root,
    ...(source.name !== undefined && { name: source.name }),
    hasRemote: source.hasRemote,
    resolve: (signal) => source.resolve(signal),
    expectTags: () => source.expectTags(),
    lastKnown: () => source.lastKnown(),
    lookup: (reference) => source.lookup(reference),
    contains: (commit) => source.contains(commit),
    comesAfter: (later, earlier) => source.comesAfter(later, earlier),
    between: (earlier, later, limit) => source.between(earlier, later, limit),
    diff: (from, to, signal) => source.diff(from, to, signal),
    diffWithModules: (from, to, signal) => source.diffWithModules(from, to, signal),
    isIncomplete: (commit) => source.isIncomplete(commit),
    fetchLarge: (files, maxBytes, signal) => source.fetchLarge(files, maxBytes, signal),
    readBlob: (blob) => source.readBlob(blob),
    readBlobs: (blobs, maxBytes, signal) => source.readBlobs(blobs, maxBytes, signal),
    commit: (request, signal) => source.commit(request, signal),
    propose: (request, signal) => source.propose(request, signal),
    tryMerge: (request, signal) => source.tryMerge(request, signal),
    verify: (request, signal) => source.verify(request, signal),
    tag: (request) => source.tag(request),
    moveTag: (request, expected, signal) => source.moveTag(request, expected, signal),
    deleteTag: (name, expected, signal) => source.deleteTag(name, expected, signal),
    tags: (prefix) => source.tags(prefix),
    pushTags: (names, signal) => source.pushTags(names, signal),
    foldTags: (options, signal) => source.foldTags(options, signal),
    watch: (onChange, signal) => source.watch(onChange, signal),
    [Symbol.asyncDispose]: () => source[Symbol.asyncDispose](),
  };
}

/** The same source under a name, which what is made of it bears. */
export function nameSource(source: Source, name: string): Source {
  return {
    ...delegateSource(source),
    // Only known once it was resolved.
    get branch() {
      return source.branch;
    },
    name,
  };
}
