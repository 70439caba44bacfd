import { GraphQLError } from 'graphql';

/** As Linear words its refusals: the status of the answer is that of its first error. */
function refusal(message: string, status: number, code: string, type: string, presentable?: string): GraphQLError {
  const extensions = {
    code,
    type,
    statusCode: status,
    userError: status === 400,
    ...(presentable ? { userPresentableMessage: presentable } : {}),
  };
  return new GraphQLError(message, { extensions: { ...extensions, http: { status } } });
}

export const notFound = (what: string): GraphQLError =>
  refusal(`Entity not found: ${what}`, 400, 'INPUT_ERROR', 'invalid input', `Could not find referenced ${what}.`);
export const badInput = (message: string): GraphQLError => refusal(message, 400, 'INPUT_ERROR', 'invalid input');
export const unauthenticated = (): GraphQLError =>
  refusal('Authentication required, not authenticated', 401, 'AUTHENTICATION_ERROR', 'authentication error');
export const forbidden = (): GraphQLError => refusal('Forbidden', 403, 'FORBIDDEN', 'forbidden');
export const rateLimited = (): GraphQLError =>
  refusal('Rate limit exceeded', 400, 'RATELIMITED', 'ratelimited', 'Rate limit exceeded. Try again later.');
