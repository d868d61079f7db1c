/**
 * Turns at the machine's cores, for all streams together: one restored frame a turn, one stream after the other.
 *
 *     cores  ├─ gate ─┤├─ yard ─┤├─ gate ─┤├─ yard ─┤      each restoration has the cores to itself
 *
 * Without turns the workers of several streams would take the cores from one another in the middle of a frame: as many
 * frames, each of them later. A worker that hangs keeps its turn for a while only.
 */

/** Options of {@link CoreTurns}. */
export interface CoreTurnsOptions {
  /** Cores that restorations at work may have together, at least 1. */
  readonly cores: number;
  /** How long a turn keeps others waiting, ms; a frame that takes longer goes on beside theirs. Default 1000. */
  readonly longestMs?: number;
}

/** A stream that waits for its turn. */
interface Waiting {
  readonly stream: string;
  readonly cores: number;
  readonly begin: () => void;
}

/** Gives turns: whoever had none for the longest time is next, and nobody overtakes. */
export class CoreTurns {
  readonly #cores: number;
  readonly #longestMs: number;
  readonly #waiting: Waiting[] = [];
  /** When each stream last had a turn, counted in turns. */
  readonly #lastTurn = new Map<string, number>();
  #turns = 0;
  #free: number;

  constructor({ cores, longestMs = 1_000 }: CoreTurnsOptions) {
    this.#cores = cores;
    this.#longestMs = longestMs;
    this.#free = cores;
  }

  /**
   * Does a stream's work when its turn comes; settles as the work does.
   *
   * @param cores that the work keeps busy; more than there are count as all
   */
  async during<T>(stream: string, cores: number, work: () => Promise<T>): Promise<T> {
    const taken = Math.min(cores, this.#cores);
    await new Promise<void>((begin) => {
      this.#waiting.push({ stream, cores: taken, begin });
      this.#advance();
    });
    let over = false;
    const end = (): void => {
      if (!over) {
        over = true;
        clearTimeout(timer);
        this.#free += taken;
        this.#advance();
      }
    };
    const timer = setTimeout(end, this.#longestMs);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /** The stream is closed. What it waits for still has its turn. */
  forget(stream: string): void {
    this.#lastTurn.delete(stream);
  }

  #advance(): void {
    for (let next = this.#next(); next !== undefined && next.cores <= this.#free; next = this.#next()) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#free -= next.cores;
      this.#turns += 1;
      this.#lastTurn.set(next.stream, this.#turns);
      next.begin();
    }
  }

  /** Among those whose last turn is as long ago: the one that came first. */
  #next(): Waiting | undefined {
    const lastTurn = ({ stream }: Waiting): number => this.#lastTurn.get(stream) ?? 0;
    return this.#waiting.reduce<Waiting | undefined>(
      (next, one) => (next === undefined || lastTurn(one) < lastTurn(next) ? one : next),
      undefined,
    );
  }
}
