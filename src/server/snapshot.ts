/**
 * One picture of a stream as a file: the next restored frame, its source, or both side by side.
 */
import { filter, firstValueFrom, tap, timeout } from 'rxjs';
import sharp, { type Sharp } from 'sharp';
import type { RestoredFrame } from '../frame/frame.js';
import type { LiveStream } from '../frame/live-stream.js';
import type { View } from '../wire/view.js';
import { rawImage } from './jpeg-encoder.js';
import { release, retain } from './view-feed.js';

/** File formats of a snapshot. */
export type SnapshotFormat = 'jpg' | 'png';

/** A snapshot and the frame it shows. */
export interface Snapshot {
  readonly seq: number;
  readonly bytes: Buffer;
}

/** What to take. */
export interface SnapshotRequest {
  readonly view: View;
  readonly format: SnapshotFormat;
  readonly quality: number;
  readonly timeoutMs: number;
}

/** Takes snapshots; requests for the same picture at the same time share one. */
export class Snapshots {
  readonly #running = new Map<string, Promise<Snapshot>>();

  /** Waits for the next frame and encodes it. Rejects with rxjs' TimeoutError or EmptyError when none comes. */
  take(stream: LiveStream, request: SnapshotRequest): Promise<Snapshot> {
    const key = JSON.stringify([stream.name, request.view, request.format]);
    const running = this.#running.get(key);
    if (running !== undefined) {
      return running;
    }
    const snapshot = takeSnapshot(stream, request).finally(() => this.#running.delete(key));
    this.#running.set(key, snapshot);
    return snapshot;
  }
}

async function takeSnapshot(stream: LiveStream, request: SnapshotRequest): Promise<Snapshot> {
  // The lease is taken inside the emission: a moment later the buffers may be in use again.
  const fresh$ = stream.restored$.pipe(filter(({ repeated }) => repeated === undefined));
  const restored = await firstValueFrom(fresh$.pipe(timeout({ first: request.timeoutMs }), tap(retain)));
  try {
    const image = await imageOf(restored, request.view);
    const encoded =
      request.format === 'jpg' ? image.jpeg({ quality: request.quality }) : image.png({ compressionLevel: 3 });
    return { seq: restored.frame.seq, bytes: await encoded.toBuffer() };
  } finally {
    release(restored);
  }
}

async function imageOf(restored: RestoredFrame, view: View): Promise<Sharp> {
  switch (view) {
    case 'restored':
      return rawImage(restored.frame);
    case 'source':
      return rawImage(restored.source);
    case 'pair':
      return sideBySide(restored);
  }
}

/** Source, enlarged to the restored size, to the left of the restored picture. */
async function sideBySide({ frame, source }: RestoredFrame): Promise<Sharp> {
  const { width, height } = frame;
  const raw = { width, height, channels: 3 } as const;
  const enlarged = await rawImage(source).resize(width, height, { fit: 'fill', kernel: 'cubic' }).raw().toBuffer();
  const restored = Buffer.from(frame.data.buffer, frame.data.byteOffset, frame.data.byteLength);
  return sharp({ create: { width: width * 2, height, channels: 3, background: 'black' } })
    .composite([
      { input: enlarged, raw, left: 0, top: 0 },
      { input: restored, raw, left: width, top: 0 },
    ])
    .removeAlpha();
}
