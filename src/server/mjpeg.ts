/**
 * `video.mjpg`: the stream for everything that can only show a picture. Each part replaces the one before it;
 * before the first picture it is a slate.
 */
import type { ServerResponse } from 'node:http';
import type { Observable, Subscription } from 'rxjs';
import type { LiveStream } from '../frame/live-stream.js';
import type { View } from '../wire/view.js';
import type { Client, ClientStatus } from './hub.js';
import type { ServerSettings } from './server-settings.js';
import { slateJpeg } from './slate.js';
import type { EncodedFrame } from './view-encoder.js';

const BOUNDARY = 'limpid-frame';

/** What an MJPEG client is attached to. */
export interface MjpegClientOptions {
  readonly response: ServerResponse;
  readonly stream: LiveStream;
  readonly view: View;
  readonly feed: Observable<EncodedFrame>;
  /** Those of the moment. */
  readonly settings: () => ServerSettings;
  readonly headers: Readonly<Record<string, string>>;
  readonly onClosed: (client: MjpegClient) => void;
}

/** A client that reads parts as long as it likes; a slow one loses frames. */
export class MjpegClient implements Client {
  readonly #options: MjpegClientOptions;
  readonly #response: ServerResponse;
  readonly #frames: Subscription;
  #framesSent = 0;
  #framesDropped = 0;
  /** Since when nothing could be handed over, because earlier bytes still wait. */
  #stuckSinceMs: number | undefined;

  constructor(options: MjpegClientOptions) {
    this.#options = options;
    this.#response = options.response;
    this.#response.writeHead(200, {
      ...options.headers,
      'Content-Type': `multipart/x-mixed-replace; boundary=${BOUNDARY}`,
      'Cache-Control': 'no-store',
      Connection: 'close',
    });
    this.#response.flushHeaders();
    this.#response.on('error', () => this.#response.destroy());
    this.#response.on('close', () => {
      this.#frames.unsubscribe();
      options.onClosed(this);
    });
    this.#frames = options.feed.subscribe({
      next: (frame) => this.#offer(frame),
      error: () => this.close(),
    });
  }

  status(): ClientStatus {
    return {
      stream: this.#options.stream.name,
      view: this.#options.view,
      transport: 'mjpeg',
      framesSent: this.#framesSent,
      framesDropped: this.#framesDropped,
      bufferedBytes: this.#response.writableLength,
    };
  }

  tick(): void {
    if (this.#stuckSinceMs === undefined) {
      void this.#showSlate();
      return;
    }
    if (performance.now() - this.#stuckSinceMs > this.#options.settings().heartbeatTimeoutMs) {
      this.#response.destroy();
    }
  }

  close(): void {
    this.#response.destroy();
  }

  #offer({ payload }: EncodedFrame): void {
    if (this.#send(payload)) {
      this.#framesSent += 1;
    }
  }

  /** Once a second until the first picture. */
  async #showSlate(): Promise<void> {
    if (this.#framesSent === 0) {
      const slate = await slateJpeg(this.#options.stream.status()).catch(() => undefined);
      if (slate !== undefined && this.#framesSent === 0 && !this.#response.destroyed) {
        this.#send(slate);
      }
    }
  }

  /** Hands a JPEG over, unless too many bytes wait. */
  #send(jpeg: Buffer): boolean {
    if (this.#response.writableLength > this.#options.settings().maxBufferedBytes) {
      this.#framesDropped += 1;
      this.#stuckSinceMs ??= performance.now();
      return false;
    }
    this.#stuckSinceMs = undefined;
    this.#response.cork();
    this.#response.write(`--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.byteLength}\r\n\r\n`);
    this.#response.write(jpeg);
    this.#response.write('\r\n');
    process.nextTick(() => this.#response.uncork());
    return true;
  }
}
