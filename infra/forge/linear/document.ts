/** A GraphQL document with the types of its answer and variables; a test holds each to the published schema. */
export interface Document<Answer, Variables extends object> {
  readonly name: string;
  readonly text: string;
  /** Makes something that people see. */
  readonly creates: boolean;
  /** Never there: it ties the types to the document. */
  readonly types?: (variables: Variables) => Answer;
}

export const query = <Answer, Variables extends object>(text: string): Document<Answer, Variables> => ({
  name: nameOf(text),
  text,
  creates: false,
});

export const mutation = <Answer, Variables extends object>(text: string): Document<Answer, Variables> => ({
  name: nameOf(text),
  text,
  creates: /\b\w+Create\(/.test(text),
});

const nameOf = (text: string): string => /^\s*(?:query|mutation) (\w+)/.exec(text)?.[1] ?? '';
