/**
 * How a route asks for rights, and how it says no.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Access, RETRY_AFTER_SECONDS, type Refusal } from './access.js';
import type { Action } from './grant.js';

/** An `onRequest` hook that lets pass who may do `action` to the stream the path names or, without one, to all. */
export function guard(access: Access, action: Action) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { name } = request.params as { readonly name?: string };
    const refusal = access.authorize(request.raw, action, name);
    return refusal === undefined ? undefined : refuse(reply, refusal);
  };
}

/** Answers with a refusal, and with what its status owes the caller. */
export function refuse(reply: FastifyReply, { status, message }: Refusal): FastifyReply {
  if (status === 401) {
    reply.header('WWW-Authenticate', 'Bearer');
  }
  if (status === 429) {
    reply.header('Retry-After', String(RETRY_AFTER_SECONDS));
  }
  return sendError(reply, status, message);
}

/** Answers with one sentence. */
export function sendError(reply: FastifyReply, status: number, message: string): FastifyReply {
  return reply.code(status).send({ error: { status, message } });
}
