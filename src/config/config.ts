/**
 * The configuration file: several streams and one server, in YAML.
 *
 *     server: { port: 8080 }
 *     streams:
 *       - name: gate
 *         source: rtsp://camera.local/stream
 *         model: live-x4
 *         record: { dir: recordings }
 *
 * `${NAME}` in a value is replaced by the environment variable of that name, so that secrets stay out of the file.
 */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { z } from 'zod';
import { engineOptionsSchema } from '../engine/engine-options.js';
import { LimpidError, messageOf } from '../errors/limpid-error.js';
import { serverSettingsSchema } from '../server/server-settings.js';
import { sinkKeys } from '../sink/open-sinks.js';
import { sourceOptionsSchema } from '../source/source-options.js';
import { overloadOptionsSchema } from '../stream/overload-options.js';
import { reconnectOptionsSchema } from '../stream/reconnect-options.js';
import { firstIssue, sentenceOf } from './issue-sentence.js';

/** Longest configuration file that is read. */
const MAX_BYTES = 1 << 20;

const DEFAULT_MODEL = 'live-x4';

const streamSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,62}$/, 'a name of lower-case letters, digits, "-" and "_", at most 63 characters')
    .describe('Appears in URLs, file names and metrics.'),
  source: z
    .string()
    .min(1)
    .describe(
      'rtsp://, rtsps://, http://, https://, udp:// or srt:// URI, file:, camera:, test:, pipeline: or the path of a file.',
    ),
  sourceOptions: sourceOptionsSchema.prefault({}),
  model: z
    .string()
    .min(1)
    .default(DEFAULT_MODEL)
    .describe('A model of the registry, or "bypass"; with commas: stages in a row.'),
  models: z
    .array(z.string().regex(/^[^,]+$/, 'the name of one model'))
    .min(1)
    .max(8)
    .optional()
    .describe(
      'In place of model: the wanted one, then lighter ones of its scale for an overloaded machine, last "bypass".',
    ),
  scale: z
    .literal('auto')
    .optional()
    .describe(
      'auto, in place of model: one of our live models (×1, ×2, ×4) by the size of the pictures and the measured speed of this machine, which too large ones are scaled down to.',
    ),
  strength: z
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('How much of what the model adds to the upscaled picture is added, 0 to 1; may be changed while live.'),
  overload: overloadOptionsSchema.prefault({}).describe('When the machine counts as too slow.'),
  sceneCuts: z.boolean().default(true).describe('Whether windows end at scene cuts; a fixed camera has none.'),
  engine: engineOptionsSchema.prefault({}).describe('How the engine is run.'),
  reconnect: reconnectOptionsSchema.prefault({}).describe('Waits before a lost source is opened again.'),
  ...sinkKeys,
});

/** The whole configuration; unknown keys are errors. */
export const configSchema = z.strictObject({
  stopTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(15_000)
    .describe('Longest wait at SIGINT or SIGTERM for recordings to be finished, ms.'),
  server: serverSettingsSchema.prefault({}),
  streams: z
    .array(streamSchema)
    .min(1, 'at least one stream')
    .superRefine((streams, context) => {
      streams.forEach(({ scale, model, models }, index) => {
        if (scale !== undefined && (models !== undefined || model !== DEFAULT_MODEL)) {
          context.addIssue({
            code: 'custom',
            path: [index, 'scale'],
            message: 'either scale: auto or a model, not both,',
          });
        } else if (models !== undefined && model !== DEFAULT_MODEL) {
          context.addIssue({ code: 'custom', path: [index, 'models'], message: 'either models or a model, not both,' });
        }
      });
      const seen = new Set<string>();
      streams.forEach(({ name }, index) => {
        if (seen.has(name)) {
          context.addIssue({
            code: 'custom',
            path: [index, 'name'],
            message: `a name of its own, but "${name}" is taken`,
          });
        }
        seen.add(name);
      });
    }),
});

export type Config = z.output<typeof configSchema>;
export type ConfigInput = z.input<typeof configSchema>;
export type StreamConfig = Config['streams'][number];

/** Reads and checks a configuration file. Throws ERR_CONFIG. */
export async function loadConfig(file: string, env: NodeJS.ProcessEnv = process.env): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new LimpidError(
      'ERR_CONFIG',
      `Expected a readable configuration file but ${file} can't be read: ${messageOf(cause)}`,
      { cause },
    );
  }
  return parseConfig(text, basename(file), env);
}

/**
 * Checks a configuration text and fills in the defaults. Throws ERR_CONFIG.
 *
 * @param label names the text in error sentences
 */
export function parseConfig(text: string, label: string, env: NodeJS.ProcessEnv = process.env): Config {
  if (text.length > MAX_BYTES) {
    throw new LimpidError(
      'ERR_CONFIG',
      `Expected at most ${MAX_BYTES} characters of configuration but received ${text.length} (${label})`,
    );
  }
  let document: unknown;
  try {
    document = parseYaml(text, { maxAliasCount: 0, prettyErrors: true });
  } catch (cause) {
    const where = cause instanceof YAMLParseError ? yamlFault(cause) : messageOf(cause);
    throw new LimpidError('ERR_CONFIG', `Expected YAML: ${where} (${label})`, { cause });
  }
  return checkConfig(substitute(document, env, label), label, document);
}

/** "… at line 2, column 1", without the advice that is for programmers. */
function yamlFault({ message }: YAMLParseError): string {
  const [line = ''] = message.split('\n');
  return line.replace(/; please use \S+/, '').replace(/:$/, '');
}

/**
 * Checks a configuration object and fills in the defaults. Throws ERR_CONFIG.
 *
 * @param label names the configuration in error sentences
 * @param asWritten the object as its author sees it: what error sentences quote, so that no substituted secret is shown
 */
export function checkConfig(document: ConfigInput, label?: string): Config;
export function checkConfig(document: unknown, label: string, asWritten?: unknown): Config;
export function checkConfig(document: unknown, label = 'configuration', asWritten: unknown = document): Config {
  const parsed = configSchema.safeParse(document);
  if (parsed.success) {
    return parsed.data;
  }
  const issue = firstIssue(parsed.error.issues);
  throw new LimpidError(
    'ERR_CONFIG',
    `${issue === undefined ? 'Invalid configuration' : sentenceOf(issue, asWritten)} (${label})`,
    {
      cause: parsed.error,
    },
  );
}

/** Replaces `${NAME}` in every string of a document. */
function substitute(node: unknown, env: NodeJS.ProcessEnv, label: string): unknown {
  if (typeof node === 'string') {
    return node.replace(/\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g, (_match, name: string) => {
      const value = env[name];
      if (value === undefined) {
        throw new LimpidError(
          'ERR_CONFIG',
          `Expected the environment variable ${name}, which the configuration asks for, to be set (${label})`,
        );
      }
      return value;
    });
  }
  if (Array.isArray(node)) {
    return node.map((child) => substitute(child, env, label));
  }
  if (typeof node === 'object' && node !== null) {
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, substitute(child, env, label)]));
  }
  return node;
}
