/**
 * The one base of every error Limpid throws on purpose.
 *
 * A message is one sentence for a person: what was expected, what was received, where, and what to do next when that is
 * known. The code is for programs and stays stable. Secrets never enter a message: redact a URI before naming it.
 */

/** What went wrong, as a closed set that programs may switch on. */
export type ErrorCode =
  | 'ERR_USAGE'
  | 'ERR_CONFIG'
  | 'ERR_MODEL_UNKNOWN'
  | 'ERR_MODEL_MANIFEST'
  | 'ERR_MODEL_CHECKSUM'
  | 'ERR_MODEL_WEIGHTS'
  | 'ERR_CHECKPOINT'
  | 'ERR_DOWNLOAD'
  | 'ERR_FRAME_SIZE'
  | 'ERR_SOURCE_URI'
  | 'ERR_SOURCE_OPEN'
  | 'ERR_SOURCE_LOST'
  | 'ERR_SOURCE_STALLED'
  | 'ERR_MEDIA_PROCESS'
  | 'ERR_GDP'
  | 'ERR_SINK_OPEN'
  | 'ERR_SINK_WRITE'
  | 'ERR_ENGINE'
  | 'ERR_ENGINE_LOST'
  | 'ERR_PORT_IN_USE'
  | 'ERR_STOP_TIMEOUT'
  | 'ERR_WIRE'
  | 'ERR_INPUT_FILE';

/** Exit code of the process an error leads to: 2 for bad usage or configuration, 1 for everything else. */
export type ExitCode = 1 | 2;

/** An expected failure: one clear sentence, a stable code and, where there is one, the cause. */
export class LimpidError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'LimpidError';
    this.code = code;
  }

  /** 2 where the user's words or configuration were at fault, else 1. */
  get exitCode(): ExitCode {
    return this.code === 'ERR_USAGE' ||
      this.code === 'ERR_CONFIG' ||
      this.code === 'ERR_MODEL_UNKNOWN' ||
      this.code === 'ERR_SOURCE_URI'
      ? 2
      : 1;
  }
}

/** The sentence of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** What the system calls its error, as ENOENT; undefined for anything else that was thrown. */
export function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
}
