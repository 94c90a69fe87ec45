import { parseAllDocuments } from 'yaml';
import type { ScalarTag, Tags } from 'yaml';
import { errorMessage, ReconcilerError } from '../base/errors.ts';
import { invalidPodSpec } from './refusals.ts';

const MAX_ALIAS_EXPANSIONS = 100;
/** Values of YAML 1.1 that Kubernetes' programs take as the texts they are. */
const TEXTS = ['timestamp', 'binary', 'set', 'omap', 'pairs'].map((name) => `tag:yaml.org,2002:${name}`);
/** Digits on one side of the point at least, which the parser does not insist on. */
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/;
const EXPONENT = /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$/;

/** One document as Kubernetes' programs read YAML: version 1.1, in which `yes` is true. Throws INVALID_POD_SPEC. */
export function parsePodYaml(text: string): unknown {
  try {
    const options = { version: '1.1', merge: true, logLevel: 'silent', customTags: adjustTags } as const;
    const documents = parseAllDocuments(text, options);
    if (!Array.isArray(documents)) throw invalidPodSpec('pod_spec is empty');
    const [document, more] = documents.filter(
      ({ contents, errors }) => contents !== null || errors.length > 0,
    );
    if (document === undefined) throw invalidPodSpec('pod_spec is empty');
    const [fault] = document.errors;
    if (fault !== undefined) throw invalidPodSpec(oneLine(fault.message));
    if (more !== undefined) throw invalidPodSpec('pod_spec must be one document');
    return document.toJS({ maxAliasCount: MAX_ALIAS_EXPANSIONS });
  } catch (error) {
    if (error instanceof ReconcilerError) throw error;
    // Nesting that is too deep for the parser, aliases that multiply.
    throw invalidPodSpec(oneLine(errorMessage(error)));
  }
}

function adjustTags(tags: Tags): Tags {
  return tags.flatMap((tag): Tags => {
    if (typeof tag === 'string') return [tag];
    // `12:30` is no number.
    if (TEXTS.includes(tag.tag) || ('format' in tag && tag.format === 'TIME')) return [];
    if (isScalarTag(tag) && tag.test?.test('.') === true) return [{ ...tag, test: FLOAT }];
    return isScalarTag(tag) && tag.test?.test('e0') === true ? [{ ...tag, test: EXPONENT }] : [tag];
  });
}

function isScalarTag(tag: object): tag is ScalarTag {
  return 'test' in tag;
}

function oneLine(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(/:$/, '').slice(0, 300);
}
