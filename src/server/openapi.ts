/**
 * The HTTP side of the contract as an OpenAPI 3.1 document, served at `/api/openapi.json`. Paths, parameters and answers
 * stand in one table; a test holds it to the routes there are and to what they answer.
 */
import { z } from 'zod';
import { streamChangeSchema } from './control-routes.js';

const quantilesSchema = z.object({ p50: z.number(), p95: z.number(), p99: z.number() });

/** A stream's status as clients may rely on it; more may be there. */
export const streamStatusSchema = z
  .looseObject({
    name: z.string(),
    state: z.enum(['connecting', 'live', 'stalled', 'reconnecting', 'ended', 'failed']),
    reason: z.string().optional().describe('One sentence on why the state is what it is.'),
    model: z.string(),
    engine: z.string(),
    latencyFrames: z.int().describe('Frames of look-ahead the window adds.'),
    sourceWidth: z.int(),
    sourceHeight: z.int(),
    width: z.int(),
    height: z.int(),
    framesIn: z.int(),
    framesRestored: z.int(),
    framesSkipped: z.record(z.string(), z.int()).describe('By reason.'),
    framesFallback: z.record(z.string(), z.int()).describe('Shown upscaled, by reason; not among those restored.'),
    reconnects: z.int(),
    fpsIn: z.number(),
    fpsRestored: z.number(),
    audio: z
      .object({
        codec: z.string().describe('Such as AAC or Opus.'),
        packets: z.int().describe('That came.'),
        dropped: z.int().describe('Among them those that were left out.'),
      })
      .optional()
      .describe('The sound of the source; absent while it has none.'),
    sinks: z
      .object({
        open: z.int(),
        failing: z.int().describe('Among them those that failed and are tried again.'),
        framesLost: z.int().describe('That a sink was given and did not take.'),
      })
      .optional()
      .describe('Recordings, pushes and the like; absent where there are none.'),
    stageMs: z.record(z.string(), quantilesSchema).describe('Over the last few hundred frames, ms.'),
    viewers: z.int().optional(),
  })
  .describe('One look at a stream.');
const errorSchema = z.object({ error: z.object({ status: z.int(), message: z.string() }) });
const readinessSchema = z.object({
  ready: z.boolean(),
  streams: z
    .array(z.object({ name: z.string(), state: z.string(), reason: z.string().optional() }))
    .optional()
    .describe('Absent without a token.'),
});
const namePattern = { type: 'string', pattern: '^[a-z0-9][a-z0-9_-]{0,62}$' };

type Rights = 'none' | 'view' | 'control';

interface Operation {
  readonly method: 'get' | 'post' | 'patch';
  readonly path: string;
  readonly summary: string;
  readonly rights: Rights;
  /** Views that may be asked for; absent: there is no such parameter. */
  readonly views?: readonly string[];
  readonly body?: z.ZodType;
  /** Content type and, for JSON, schema of the answer with 200. */
  readonly answer: readonly [contentType: string, schema?: z.ZodType];
  /** Statuses besides 200 and those that follow from the rights. */
  readonly statuses?: readonly number[];
}

const json = 'application/json';
const allViews = ['restored', 'source', 'pair'];

const OPERATIONS: readonly Operation[] = [
  { method: 'get', path: '/', summary: 'The viewer.', rights: 'none', answer: ['text/html'], statuses: [503] },
  {
    method: 'get',
    path: '/healthz',
    summary: 'Whether the process and its event loop are well.',
    rights: 'none',
    answer: [json, z.object({ status: z.literal('ok'), uptimeSeconds: z.int() })],
  },
  {
    method: 'get',
    path: '/readyz',
    summary: 'Whether every stream is live; with a token also which is not, and why.',
    rights: 'none',
    answer: [json, readinessSchema],
    statuses: [503],
  },
  {
    method: 'get',
    path: '/metrics',
    summary: 'OpenMetrics; needs a token that is good for all streams.',
    rights: 'view',
    answer: ['application/openmetrics-text'],
  },
  {
    method: 'get',
    path: '/api/openapi.json',
    summary: 'This document.',
    rights: 'none',
    answer: [json, z.looseObject({ openapi: z.string() })],
  },
  {
    method: 'get',
    path: '/api/streams',
    summary: 'The streams the token is good for.',
    rights: 'view',
    answer: [json, z.object({ streams: z.array(streamStatusSchema) })],
  },
  {
    method: 'get',
    path: '/api/streams/{name}',
    summary: 'One stream.',
    rights: 'view',
    answer: [json, streamStatusSchema],
    statuses: [404],
  },
  {
    method: 'patch',
    path: '/api/streams/{name}',
    summary: 'Changes a stream until the configuration is reloaded; viewers stay connected.',
    rights: 'control',
    body: streamChangeSchema,
    answer: [json, streamStatusSchema],
    statuses: [400, 404, 409, 422, 501],
  },
  ...(['start', 'stop', 'restart'] as const).map(
    (verb): Operation => ({
      method: 'post',
      path: `/api/streams/{name}/${verb}`,
      summary: {
        start: 'Starts a stream that was stopped, has ended or failed.',
        stop: 'Stops a stream and finishes its recordings.',
        restart: 'Stops and starts a stream.',
      }[verb],
      rights: 'control',
      answer: [json, streamStatusSchema],
      statuses: [404, 409, 422, 501],
    }),
  ),
  ...(['jpg', 'png'] as const).map(
    (format): Operation => ({
      method: 'get',
      path: `/streams/{name}/snapshot.${format}`,
      summary: 'The next frame as a picture; its number is in X-Limpid-Seq.',
      rights: 'view',
      views: allViews,
      answer: [format === 'jpg' ? 'image/jpeg' : 'image/png'],
      statuses: [400, 404, 503],
    }),
  ),
  {
    method: 'get',
    path: '/streams/{name}/video.mjpg',
    summary: 'The stream as motion JPEG, until the client hangs up.',
    rights: 'view',
    views: ['restored', 'source'],
    answer: ['multipart/x-mixed-replace'],
    statuses: [400, 404, 503],
  },
];

const REFUSALS: Readonly<Record<number, string>> = {
  400: 'A parameter or the body is not what was asked for.',
  401: 'No token, or a wrong one.',
  403: 'The token does not allow this, or the page is of another origin.',
  404: 'There is no such stream.',
  409: 'The stream could not be opened; the log says why.',
  421: 'The Host header is not a name of this server.',
  422: 'There is no such model.',
  429: 'Too many requests, wrong tokens or clients of one address.',
  501: 'This server only shows its streams.',
  503: 'Not now: nothing is live, or there is no room.',
};

/** The document, as plain JSON. */
export const openApiDocument = {
  openapi: '3.1.0',
  info: {
    title: 'Limpid',
    version: '1',
    description:
      'Live restored video. Pictures as they come are on the WebSocket ws://…/streams/<name> (README). ' +
      'Control asks for the Authorization header; to watch, ?token= will do.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  paths: pathsOf(OPERATIONS),
  components: {
    securitySchemes: {
      bearer: { type: 'http', scheme: 'bearer' },
      query: { type: 'apiKey', in: 'query', name: 'token' },
    },
  },
};

function pathsOf(operations: readonly Operation[]): Record<string, Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: describeOperation(operation) };
  }
  return paths;
}

function describeOperation({ method, path, summary, rights, views, body, answer, statuses = [] }: Operation) {
  const [contentType, schema] = answer;
  const refusals = [...new Set([...statuses, 421, 429, ...(rights === 'none' ? [] : [401, 403])])].sort();
  const parameters = [
    ...(path.includes('{name}') ? [{ name: 'name', in: 'path', required: true, schema: namePattern }] : []),
    ...(views === undefined
      ? []
      : [{ name: 'view', in: 'query', schema: { type: 'string', enum: views, default: 'restored' } }]),
  ];
  return {
    operationId: `${method}${path.replace(/[^A-Za-z0-9]+(.)?/g, (_all, next: string | undefined) => (next ?? '').toUpperCase())}`,
    summary,
    ...(rights === 'none' ? {} : { security: securityOf(rights) }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { required: true, content: { [json]: { schema: schemaOf(body) } } } }),
    responses: {
      '200': {
        description: 'Done.',
        content: { [contentType]: schema === undefined ? {} : { schema: schemaOf(schema) } },
      },
      ...Object.fromEntries(refusals.map((status) => [status, refusalOf(path, status)])),
    },
  };
}

function securityOf(rights: Rights): readonly object[] {
  return rights === 'control' ? [{ bearer: [] }] : [{ bearer: [] }, { query: [] }];
}

function refusalOf(path: string, status: number): object {
  const schema = path === '/readyz' && status === 503 ? readinessSchema : errorSchema;
  return { description: REFUSALS[status] ?? '', content: { [json]: { schema: schemaOf(schema) } } };
}

function schemaOf(schema: z.ZodType): object {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
  return rest;
}
