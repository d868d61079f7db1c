/**
 * What a server may have done to streams. Who runs the streams implements it; a server without it only shows them.
 */

/** What may be changed of a running stream. Sources, files and pipelines are not among it: those are the configuration's. */
export interface StreamChange {
  /** Name in the registry, or "bypass"; with commas: stages in a row. It takes the place of a whole overload ladder. */
  readonly model?: string | undefined;
  /** How much of what the model adds to the upscaled picture is added, 0–1. */
  readonly strength?: number | undefined;
}

/** Starts, stops and changes streams by name. Each call resolves when it is done; a stream keeps its viewers meanwhile. */
export interface StreamControl {
  /** Starts a stream that was stopped, has ended or failed; one that runs is left alone. */
  start(name: string): Promise<void>;
  /** Stops a stream and finishes its recordings. */
  stop(name: string): Promise<void>;
  /** Stops and starts a stream. */
  restart(name: string): Promise<void>;
  /** Makes a change, which lasts until the configuration is reloaded; a model opens the stream anew. Rejects with ERR_MODEL_UNKNOWN and its like; the stream then goes on as it was. */
  change(name: string, change: StreamChange): Promise<void>;
}
