/**
 * The manifest of a model, `models/<name>.json`: what the weights beside it are for, and where they come from.
 */
import { z } from 'zod';
import { type EdvrOptions, outputScale, parseOptions } from '../edvr/options.js';
import { LimpidError } from '../errors/limpid-error.js';
import { paddingModes } from '../window/padding.js';

/** What a model is trained to undo. */
export const tasks = [
  'super-resolution',
  'super-resolution-blur',
  'deblurring',
  'deblurring-compression',
  'restoration',
] as const;
export type Task = (typeof tasks)[number];

/** A name that is a file's name and nothing more: no separators, no leading dot. */
export const modelNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

const side = z.int().min(1).max(16384);
const size = z.tuple([side, side], { error: 'a list of width and height' });

/** What every manifest says, whether the weights lie beside it or are still to be fetched. */
const described = {
  formatVersion: z.literal(1, { error: '1' }),
  name: z.string({ error: 'a name' }).regex(modelNamePattern, { error: 'a name of a–z, 0–9, ".", "_" and "-"' }),
  task: z.enum(tasks, { error: `one of ${tasks.join(', ')}` }),
  architecture: z.literal('edvr', { error: '"edvr"' }),
  /** EDVR options; see src/edvr/options.ts. */
  options: z.record(z.string(), z.unknown(), { error: 'an object of options' }),
  /** Output size over input size. */
  scale: z.int({ error: 'a whole number' }),
  /** Frames in a window, 2N+1. */
  window: z.int({ error: 'a whole number' }),
  /** Temporal padding the weights were trained with. */
  padding: z.enum(paddingModes, { error: `one of ${paddingModes.join(', ')}` }),
  colour: z.strictObject(
    {
      space: z.literal('rgb', { error: '"rgb"' }),
      range: z.literal('full', { error: '"full"' }),
      layout: z.literal('hwc-uint8', { error: '"hwc-uint8"' }),
    },
    { error: 'colour space, range and layout' },
  ),
  /** Frame sizes (w, h) that the model takes. */
  size: z.strictObject({ min: size, max: size }, { error: 'least and largest size' }),
  /** SPDX expression. */
  license: z.string({ error: 'an SPDX licence' }).min(1, { error: 'an SPDX licence' }),
  /** Notes on where the weights come from. */
  training: z.record(z.string(), z.unknown(), { error: 'an object of notes' }).optional(),
  /** Figures measured on held-out clips. */
  quality: z
    .array(
      z.looseObject({ set: z.string({ error: 'a name' }), metric: z.string({ error: 'a name' }), value: z.number() }),
    )
    .optional(),
};

const manifestSchema = z.strictObject({
  ...described,
  weights: z.strictObject(
    {
      file: z
        .string({ error: 'a file name' })
        .regex(/^[a-z0-9][a-z0-9._-]{0,80}\.safetensors$/, { error: 'the name of a .safetensors file beside it' }),
      sha256: z.string({ error: 'a hash' }).regex(/^[0-9a-f]{64}$/, { error: '64 hexadecimal digits' }),
      dtype: z.enum(['fp16', 'fp32', 'bf16'], { error: 'fp16, fp32 or bf16' }),
    },
    { error: 'file, sha256 and dtype' },
  ),
});

const publishedSchema = z.strictObject({
  ...described,
  /** Where others publish the weights. */
  source: z.strictObject(
    {
      url: z.url({ protocol: /^https?$/, error: 'an http address' }),
      /** The file's own name. */
      file: z.string({ error: 'a file name' }).regex(/^[A-Za-z0-9][\w.-]{0,120}$/, { error: 'a file name' }),
      /** Page that offers the file. */
      page: z.url({ protocol: /^https?$/, error: 'an http address' }),
      /** Of the whole file; left out where its publisher never said. */
      sha256: z
        .string()
        .regex(/^[0-9a-f]{64}$/, { error: '64 hexadecimal digits' })
        .optional(),
      /** The first digits of it, which both publishers put into file names. */
      sha256Prefix: z
        .string()
        .regex(/^[0-9a-f]{8,63}$/, { error: '8 to 63 hexadecimal digits' })
        .optional(),
    },
    { error: 'url, file and page' },
  ),
});

/** A manifest as it stands in its file. */
export type Manifest = Readonly<z.output<typeof manifestSchema>>;

/** A manifest with its options read. */
export interface ParsedManifest {
  readonly manifest: Manifest;
  readonly options: EdvrOptions;
}

/** The manifest of weights that others publish: as a model's, but they are still to be fetched. */
export type Published = Readonly<z.output<typeof publishedSchema>>;

/** Reads a manifest's text. `where` names the file in messages. Throws ERR_MODEL_MANIFEST about the first fault. */
export function parseManifest(text: string, where: string): ParsedManifest {
  const manifest = parseAs(manifestSchema, text, where);
  return { manifest, options: checkedOptions(manifest, where) };
}

/** Reads the manifest of a published checkpoint, as {@link parseManifest} does. */
export function parsePublished(text: string, where: string): Published {
  const published = parseAs(publishedSchema, text, where);
  checkedOptions(published, where);
  return published;
}

function parseAs<T>(schema: z.ZodType<T>, text: string, where: string): T {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw fault('a JSON document', 'something else', where, cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw issueFault(parsed.error.issues[0], json, where);
  return parsed.data;
}

/** The options, once what the manifest says beside them agrees. */
function checkedOptions(manifest: Omit<Manifest, 'weights'>, where: string): EdvrOptions {
  const options = parseOptions(manifest.options, where);
  if (manifest.scale !== outputScale(options)) {
    throw fault(`${outputScale(options)} for scale, as the options say,`, `${manifest.scale}`, where);
  }
  if (manifest.window !== options.numFrame) {
    throw fault(`${options.numFrame} for window, as the options say,`, `${manifest.window}`, where);
  }
  const { min, max } = manifest.size;
  if (min[0] > max[0] || min[1] > max[1]) throw fault(`size.min within ${max.join('x')}`, min.join('x'), where);
  return options;
}

function issueFault(issue: z.core.$ZodIssue | undefined, json: unknown, where: string): LimpidError {
  const path = issue?.path ?? [];
  if (issue?.code === 'unrecognized_keys') {
    const inside = path.length === 0 ? 'a manifest' : path.join('.');
    return fault(`only known keys in ${inside}`, `"${issue.keys[0]}"`, where);
  }
  const received = path.reduce<unknown>((value, key) => (isObject(value) ? value[String(key)] : undefined), json);
  if (path.length === 0) return fault('a manifest that is a JSON object', typeof json, where);
  return fault(`${issue?.message} for ${path.join('.')}`, JSON.stringify(received) ?? 'nothing', where);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function fault(expected: string, received: string, where: string, cause?: unknown): LimpidError {
  return new LimpidError('ERR_MODEL_MANIFEST', `Expected ${expected} but received ${received} (${where})`, { cause });
}
