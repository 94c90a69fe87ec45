import type { ParseOptions, DocumentOptions, SchemaOptions, ScalarTag, Tags } from 'yaml';

/** Values of YAML 1.1 that Kubernetes' programs take as the texts they are. */
const TEXTS = ['timestamp', 'binary', 'set', 'omap', 'pairs'].map((name) => `tag:yaml.org,2002:${name}`);
/** Digits on one side of the point at least, which the parser does not insist on. */
const FLOAT = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)$/;
const EXPONENT = /^[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)[eE][-+]?[0-9]+$/;

/** Options with which a text is read as Kubernetes' programs read YAML: version 1.1, in which `yes` is true. */
export const GO_YAML: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: true,
  logLevel: 'silent',
  customTags: adjustTags,
};

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
