import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { silentLog } from '../../src/log/log.js';
import { Access } from '../../src/server/access.js';
import { addHttpRoutes } from '../../src/server/http-routes.js';
import { Hub } from '../../src/server/hub.js';
import { createJpegEncoder, jpegPictures } from '../../src/server/jpeg-encoder.js';
import { Metrics } from '../../src/server/metrics.js';
import { openApiDocument, streamStatusSchema } from '../../src/server/openapi.js';
import { parseServerSettings } from '../../src/server/server-settings.js';
import { SyntheticStream } from './synthetic-stream.js';

let app: FastifyInstance;

afterEach(() => app.close());

/** The routes of a server, and a way to ask them. */
async function routes(): Promise<readonly string[]> {
  const settings = parseServerSettings({});
  const pictures = jpegPictures(createJpegEncoder(85));
  const encoders = { jpeg: pictures, h264: pictures };
  const hub = new Hub([new SyntheticStream()], { encoders, maxClients: 1, maxClientsPerAddress: 1, log: silentLog });
  const access = new Access(settings);
  const found: string[] = [];
  app = fastify();
  app.addHook('onRoute', ({ method, url }) => {
    found.push(...[method].flat().map((verb) => `${verb} ${url}`));
  });
  addHttpRoutes(app, {
    hub,
    access,
    metrics: new Metrics(hub),
    settings: () => settings,
    viewer: new Map(),
    log: silentLog,
  });
  await app.ready();
  return found;
}

describe('the OpenAPI document', () => {
  it('has every route of the server and no other', async () => {
    const served = (await routes()).filter((route) => !route.startsWith('HEAD '));
    const described = Object.entries(openApiDocument.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replace('{name}', ':name')}`),
    );
    expect(described.sort()).toEqual([...served].sort());
  });

  it('is served, and describes what the server answers', async () => {
    await routes();
    const served = (await app.inject('/api/openapi.json')).json();
    expect(served).toEqual(JSON.parse(JSON.stringify(openApiDocument)));
    const paths: Record<
      string,
      Record<string, { responses: Record<string, { content: Record<string, object> }> }>
    > = served.paths;
    for (const [path, content] of [
      ['/healthz', 'application/json'],
      ['/readyz', 'application/json'],
      ['/api/openapi.json', 'application/json'],
      ['/api/streams', 'application/json'],
      ['/api/streams/{name}', 'application/json'],
      ['/metrics', 'application/openmetrics-text'],
    ] as const) {
      const answer = await app.inject(path.replace('{name}', 'gate'));
      expect(answer.statusCode, path).toBe(200);
      expect(answer.headers['content-type'], path).toContain(content);
      const described = paths[path]?.get?.responses['200']?.content[content];
      expect(described, path).toBeDefined();
      if (described !== undefined && 'schema' in described) {
        const schema = z.fromJSONSchema(described.schema as z.core.JSONSchema.JSONSchema);
        expect(schema.safeParse(answer.json()).error, path).toBeUndefined();
      }
    }
  });

  it('promises no key of a status that streams do not have', async () => {
    await routes();
    const status: z.input<typeof streamStatusSchema> = { ...new SyntheticStream().status() };
    expect(streamStatusSchema.parse(status)).toEqual(status);
  });
});
