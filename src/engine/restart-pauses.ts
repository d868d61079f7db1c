/**
 * When a worker that died may be replaced: at once the first time, then after pauses that double while successors die too.
 */
import type { LimpidError } from '../errors/limpid-error.js';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** A worker that lived this long was well: the next one is started at once. */
const WELL_MS = 30_000;

interface Death {
  readonly error: LimpidError;
  /** The pause after the next death, ms. */
  readonly nextPauseMs: number;
  readonly untilMs: number;
}

/** Keeps the last death of each worker, by a key of the caller's. */
export class RestartPauses {
  readonly #now: () => number;
  readonly #deaths = new Map<string, Death>();

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes the start of a worker; the function it gives notes its death. */
  started(key: string): (error: LimpidError) => void {
    const startMs = this.#now();
    return (error) => {
      const wasWell = this.#now() - startMs > WELL_MS;
      const pauseMs = wasWell ? 0 : (this.#deaths.get(key)?.nextPauseMs ?? 0);
      const nextPauseMs = wasWell ? 0 : Math.min(Math.max(FIRST_PAUSE_MS, 2 * pauseMs), LONGEST_PAUSE_MS);
      this.#deaths.set(key, { error, nextPauseMs, untilMs: this.#now() + pauseMs });
    };
  }

  /** What the last worker died of, while its pause lasts; undefined when another may start. */
  holding(key: string): LimpidError | undefined {
    const death = this.#deaths.get(key);
    return death !== undefined && this.#now() < death.untilMs ? death.error : undefined;
  }
}
