/**
 * Options of a push, with their defaults.
 */
import { z } from 'zod';
import { messageOf } from '../errors/limpid-error.js';
import { bitrateOptions, encodingOptions } from './encoding-options.js';
import { parsePushUri } from './push-uri.js';

const pushUri = z
  .string()
  .superRefine((uri, context) => {
    try {
      parsePushUri(uri);
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error).replace(/^Expected (.*) for a push(.*)$/, '$1$2') });
    }
  })
  .describe('rtsp[s]://[user:password@]host/path, rtmp[s]://host/app/key, srt://host:port or udp://host:port.');

const pushObject = z.strictObject({
  uri: pushUri,
  view: z.enum(['restored', 'source']).default('restored').describe('Which picture is pushed.'),
  transport: z.enum(['tcp', 'udp']).default('tcp').describe('How RTSP carries media.'),
  trustAnyCertificate: z
    .boolean()
    .default(false)
    .describe('rtsps: accept certificates that no known authority signed.'),
  ...bitrateOptions,
  ...encodingOptions,
});

/** Schema of {@link PushOptions}. */
export const pushOptionsSchema = pushObject.refine(
  ({ uri, codec }) => codec === 'h264' || !/^rtmp/i.test(uri),
  'codec h264 for RTMP, which carries no other',
);

/** Options of a push; `uri` is the only one without a default. */
export type PushOptions = z.input<typeof pushObject>;

/** Options of a push, defaults filled in. */
export type ResolvedPushOptions = z.output<typeof pushObject>;
