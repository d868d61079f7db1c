/**
 * What a web server may be told, with the limit of everything that could grow.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { LimpidError } from '../errors/limpid-error.js';

const tokenSchema = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/, 'a name of letters, digits, ".", "-" and "_", at most 63 characters')
      .describe('Who or what holds the token; appears in the log.'),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, 'the 64 lower-case hexadecimal digits that "limpid token" prints')
      .optional()
      .describe('SHA-256 of the token, as "limpid token" prints it.'),
    token: z
      .string()
      .min(8)
      .optional()
      .describe('The token itself, in place of sha256: give it as an environment variable.'),
    role: z.enum(['view', 'control']).default('view').describe('control may also start, stop and change streams.'),
    streams: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Names of the only streams it is good for; default: all.'),
  })
  .refine(({ sha256, token }) => (sha256 === undefined) !== (token === undefined), {
    message: 'either sha256 or token',
  });

const tlsSchema = z.strictObject({
  cert: z.string().min(1).describe('PEM file of the certificate and those between it and its root.'),
  key: z.string().min(1).describe('PEM file of the private key.'),
  reloadIntervalMs: z
    .int()
    .min(1000)
    .max(86_400_000)
    .default(60_000)
    .describe('How often the files are looked at for a renewed certificate, ms.'),
});

/** The settings of the web server; unknown keys are errors. */
export const serverSettingsSchema = z.strictObject({
  host: z.string().min(1).default('127.0.0.1').describe('Address to bind to; other than loopback needs a token.'),
  port: z.int().min(0).max(65535).default(8080).describe('TCP port; 0 takes any free one.'),
  token: z
    .string()
    .min(8)
    .optional()
    .describe('Bearer token that may watch every stream; at least 8 characters. "tokens" are finer.'),
  tokens: z
    .array(tokenSchema)
    .max(1000)
    .default([])
    .superRefine(unique)
    .describe('Bearer tokens with a role and the streams they are good for.'),
  tls: tlsSchema.optional().describe('Serves https and wss.'),
  allowUnauthenticated: z
    .boolean()
    .default(false)
    .describe(
      'Binds beyond loopback without a token: everyone who reaches the port, or a proxy before it, sees the video.',
    ),
  allowedOrigins: z
    .array(z.string())
    .default([])
    .describe('Origins besides the server itself whose pages may open WebSockets, as "https://example.org".'),
  allowedHosts: z
    .array(z.string())
    .default([])
    .describe(
      'Host names besides localhost under which a server bound to loopback may be addressed; whoever does needs a token, or allowUnauthenticated.',
    ),
  jpegQuality: z.int().min(1).max(100).default(85).describe('JPEG quality of what viewers get, 1 to 100.'),
  h264Crf: z
    .int()
    .min(0)
    .max(51)
    .default(21)
    .describe('Quality of H.264 for viewers, x264 CRF: lower is better, 0 to 51.'),
  h264MaxBitrateKbps: z
    .int()
    .min(100)
    .max(500_000)
    .default(20_000)
    .describe('Most bits a second of one H.264 view, kbit/s.'),
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
  maxClientsPerAddress: z
    .int()
    .min(1)
    .default(128)
    .describe('WebSocket and MJPEG clients of one address at a time; further ones get 429.'),
  maxRequestsPerSecond: z
    .int()
    .min(1)
    .default(50)
    .describe('Requests a second of one address, ten seconds of them at once; further ones get 429.'),
  maxBadTokensPerMinute: z
    .int()
    .min(1)
    .default(60)
    .describe('Wrong tokens a minute from one address; beyond, every token from there gets 429.'),
  idleTimeoutMs: z
    .int()
    .min(1000)
    .max(3_600_000)
    .default(30_000)
    .describe('A connection without a request is closed after this long, ms.'),
  trustedProxies: z
    .array(z.string().refine((address) => isIP(address) !== 0, 'an IP address'))
    .default([])
    .describe('Addresses of reverse proxies whose X-Forwarded-For is believed.'),
  snapshotTimeoutMs: z.int().min(100).default(5000).describe('How long a snapshot waits for a frame, ms.'),
});

/** No two tokens of one name: the log would not tell them apart. */
function unique(tokens: readonly { readonly name: string }[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  tokens.forEach(({ name }, index) => {
    if (seen.has(name)) {
      context.addIssue({ code: 'custom', path: [index, 'name'], message: `a name of its own, but "${name}" is taken` });
    }
    seen.add(name);
  });
}

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
