/**
 * Notices that a source has fallen silent. GStreamer does not: a stalled RTSP server gives no message at all.
 */

/** Fires when it was not refreshed for its time. */
export class Watchdog {
  readonly #onFire: () => void;
  #timer: NodeJS.Timeout | undefined;
  #timeoutMs = 0;
  #held = false;
  #refreshed = false;

  constructor(onFire: () => void) {
    this.#onFire = onFire;
  }

  /** Waits for this long from now on. */
  start(timeoutMs: number): void {
    this.#timeoutMs = timeoutMs;
    this.stop();
    this.refresh();
  }

  refresh(): void {
    this.#refreshed = true;
    if (this.#held) {
      return;
    }
    if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#suspect(), this.#timeoutMs);
    } else {
      this.#timer.refresh();
    }
  }

  /** Stands still while held. */
  hold(held: boolean): void {
    this.#held = held;
    if (held) {
      this.stop();
    } else {
      this.refresh();
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#refreshed = true;
  }

  /** Timers run before pipes are read: after a long pause of this process, data may be waiting. Reads get their turn first. */
  #suspect(): void {
    this.#refreshed = false;
    setImmediate(() => {
      if (!this.#refreshed) {
        this.#onFire();
      }
    });
  }
}
