/**
 * Control over HTTP: start, stop and restart a stream, change its model or strength. Everything here asks for the role control.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import type { Log } from '../log/log.js';
import type { Access } from './access.js';
import { guard, sendError } from './guard.js';
import type { Hub } from './hub.js';
import type { StreamControl } from './stream-control.js';

/** Body of `PATCH /api/streams/<name>`; unknown keys are errors. */
export const streamChangeSchema = z
  .strictObject({
    model: z
      .string()
      // Names of the registry only: a path would open a file of this machine.
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.,-]{0,199}$/)
      .optional()
      .describe('Name in the registry, or "bypass"; with commas: stages in a row.'),
    strength: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('How much of what the model adds to the upscaled picture is added; holds from the next frame on.'),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined));

/** What the routes need of their server. */
export interface ControlRoutesOptions {
  readonly hub: Hub;
  readonly access: Access;
  readonly control?: StreamControl | undefined;
  readonly log: Log;
}

interface StreamRoute {
  Params: { name: string };
}
type StreamRequest = FastifyRequest<StreamRoute>;

/** Adds the routes; without `control` each answers 501. */
export function addControlRoutes(app: FastifyInstance, { hub, access, control, log }: ControlRoutesOptions): void {
  const mayControl = { onRequest: guard(access, 'control') };

  const act = async (
    request: StreamRequest,
    reply: FastifyReply,
    action: (control: StreamControl, name: string) => Promise<void>,
  ): Promise<unknown> => {
    const { name } = request.params;
    if (!hub.streams.has(name)) {
      return sendError(reply, 404, 'Expected one of the streams that /api/streams lists');
    }
    if (control === undefined) {
      return sendError(reply, 501, 'Expected a server that may control its streams; this one only shows them');
    }
    try {
      await action(control, name);
    } catch (error) {
      if (!(error instanceof LimpidError)) {
        throw error;
      }
      log.warn({ stream: name }, `${request.method} ${request.routeOptions.url ?? ''}: ${error.message}`);
      return error.exitCode === 2
        ? sendError(reply, 422, messageOf(error))
        : sendError(reply, 409, 'Expected a stream that can be opened; the log of the server says why it can’t');
    }
    return hub.streams.get(name)?.live.status();
  };

  app.get<StreamRoute>('/api/streams/:name', { onRequest: guard(access, 'view') }, async (request, reply) => {
    const stream = hub.streams.get(request.params.name);
    return stream === undefined
      ? sendError(reply, 404, 'Expected one of the streams that /api/streams lists')
      : { ...stream.live.status(), viewers: hub.viewersOf(stream.live.name) };
  });
  for (const verb of ['start', 'stop', 'restart'] as const) {
    app.post<StreamRoute>(`/api/streams/:name/${verb}`, mayControl, (request, reply) =>
      act(request, reply, (streams, name) => streams[verb](name)),
    );
  }
  app.patch<StreamRoute>('/api/streams/:name', mayControl, (request, reply) => {
    const change = streamChangeSchema.safeParse(request.body);
    return change.success
      ? act(request, reply, (streams, name) => streams.change(name, change.data))
      : sendError(
          reply,
          400,
          'Expected a JSON object with "model": the name of a model, or several with commas, or "strength": 0 to 1',
        );
  });
}
