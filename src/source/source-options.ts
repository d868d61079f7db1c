/**
 * Options of a source, with their defaults.
 */
import { z } from 'zod';

const timeoutMs = (defaultMs: number) => z.int().min(100).max(3_600_000).default(defaultMs);

/** Schema of {@link SourceOptions}. */
export const sourceOptionsSchema = z.strictObject({
  /** How RTSP carries media: one TCP connection, UDP packets, or UDP with TCP after two silent seconds. */
  transport: z.enum(['auto', 'tcp', 'udp']).default('auto'),
  /** How long RTSP waits for a missing or late packet, ms. Packets in order are not delayed. */
  jitterMs: z.int().min(0).max(60_000).default(200),
  /** rtsps: accept certificates that no known authority signed, as most cameras have. */
  trustAnyCertificate: z.boolean().default(false),
  /** Play a file at its own pace, as a camera would, losing frames that the reader does not take in time. */
  live: z.boolean().default(false),
  /** Start a file again at its end, for ever. PTS then jump back to the file's beginning. */
  loop: z.boolean().default(false),
  /** Longest wait for the first picture, ms. */
  openTimeoutMs: timeoutMs(10_000),
  /** Longest wait between two pictures before the source counts as stalled, ms. */
  stallTimeoutMs: timeoutMs(5_000),
  /** Longest wait for a media process to end by itself before it is killed, ms. */
  stopTimeoutMs: timeoutMs(1_000),
  /** Largest decoded picture, bytes of RGB. The default holds 8K. */
  maxFrameBytes: z
    .int()
    .min(3)
    .max(1_073_741_824)
    .default(7680 * 4320 * 3),
});

/** Options of a source; every one has a default. */
export type SourceOptions = z.input<typeof sourceOptionsSchema>;

/** Options of a source, defaults filled in. */
export type ResolvedSourceOptions = z.output<typeof sourceOptionsSchema>;
