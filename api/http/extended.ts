/** Query of an answer whose reference knows fewer members than we do: a client that makes objects of them asks for nothing. */
export interface ExtendedQuery {
  readonly extended?: string;
}

/** The parameter in the schema of a query. */
export const extendedParameter = {
  extended: {
    type: 'string',
    enum: ['0', '1', 'false', 'true'],
    description: '1: with members that the reference does not have. Default 0.',
  },
} as const;

export function isExtended({ extended }: ExtendedQuery): boolean {
  return extended === '1' || extended === 'true';
}
