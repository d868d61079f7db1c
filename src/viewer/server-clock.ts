/**
 * What time it is on the server, estimated from questions and answers.
 *
 *     page    ──question at t0──▶            ◀──answer at t1──
 *     server              answered at s           ⇒ s was (t0 + t1) / 2, within ± (t1 − t0) / 2
 */

/** Answers of which the quickest is believed. */
const KEPT = 12;

/** Estimates the server's clock; times are Unix ms. */
export class ServerClock {
  #samples: { readonly offsetMs: number; readonly roundTripMs: number }[] = [];

  /** Takes in one answer. */
  learn(askedMs: number, serverMs: number, answeredMs: number): void {
    const sample = { offsetMs: serverMs - (askedMs + answeredMs) / 2, roundTripMs: answeredMs - askedMs };
    this.#samples = [...this.#samples.slice(1 - KEPT), sample];
  }

  /** The server's time at the page's time `pageMs`; undefined before the first answer. */
  at(pageMs: number): number | undefined {
    const [first, ...others] = this.#samples;
    if (first === undefined) {
      return undefined;
    }
    // The quickest answer was delayed least, so its midpoint is nearest the truth.
    const best = others.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a), first);
    return pageMs + best.offsetMs;
  }

  /** Forgets everything: another server may answer now. */
  reset(): void {
    this.#samples = [];
  }
}

/** The page's time, Unix ms with fractions. */
export function pageTimeMs(): number {
  return performance.timeOrigin + performance.now();
}
