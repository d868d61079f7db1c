/**
 * What a web server may be told, with the limit of everything that could grow.
 */
import { z } from 'zod';
import { LimpidError } from '../errors/limpid-error.js';

/** The settings of the web server; unknown keys are errors. */
export const serverSettingsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to bind to; other than loopback needs a token.'),
  port: z.int().min(0).max(65535).default(8080).describe('TCP port; 0 takes any free one.'),
  token: z.string().min(8).optional().describe('Bearer token every client must show; at least 8 characters.'),
  allowUnauthenticated: z
    .boolean()
    .default(false)
    .describe('Binds beyond loopback without a token: everyone who reaches the port sees the video.'),
  allowedOrigins: z
    .array(z.string())
    .default([])
    .describe('Origins besides the server itself whose pages may open WebSockets, as "https://example.org".'),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe('Host names besides localhost under which a server bound to loopback may be addressed.'),
  jpegQuality: z.int().min(1).max(100).default(85).describe('JPEG quality of what viewers get, 1 to 100.'),
  maxClients: z.int().min(1).default(256).describe('WebSocket and MJPEG clients at a time; further ones get 503.'),
  maxBufferedBytes: z
    .int()
    .min(0)
    .default(512 * 1024)
    .describe('Bytes waiting for a client beyond which it loses frames.'),
  maxBehindMs: z
    .int()
    .min(50)
    .default(1000)
    .describe('A client whose answer to a ping is overdue by this, ms, loses frames until it has caught up.'),
  maxMessageBytes: z.int().min(64).default(4096).describe('Longest message a WebSocket client may send, bytes.'),
  maxMessagesPerSecond: z.int().min(1).default(30).describe('Messages a second a WebSocket client may send.'),
  heartbeatTimeoutMs: z
    .int()
    .min(1000)
    .default(30_000)
    .describe('A client that has answered no ping and read nothing for this long, ms, is disconnected.'),
  snapshotTimeoutMs: z.int().min(100).default(5000).describe('How long a snapshot waits for a frame, ms.'),
});

/** Settings as a person writes them: everything may be left out. */
export type ServerSettingsInput = z.input<typeof serverSettingsSchema>;
/** Settings with every default filled in. */
export type ServerSettings = z.output<typeof serverSettingsSchema>;

/** Checks settings and fills in the defaults. Throws ERR_CONFIG. */
export function parseServerSettings(input: ServerSettingsInput): ServerSettings {
  const parsed = serverSettingsSchema.safeParse(input);
  if (parsed.success) {
    return parsed.data;
  }
  const issue = parsed.error.issues[0];
  const where = ['server', ...(issue?.path ?? [])].join('.');
  throw new LimpidError('ERR_CONFIG', `Expected a valid ${where}: ${issue?.message ?? 'unknown problem'}`, {
    cause: parsed.error,
  });
}
