/**
 * What the page gives people to keep: the pair of a frame as PNG, and recordings of the picture.
 */
import { type DecodedPair, sizeOf } from './drawable.js';

/** Source, enlarged to the restored size, to the left of the restored picture, as PNG. */
export async function pairAsPng({ restored, source }: DecodedPair): Promise<Blob> {
  const { width, height } = sizeOf(restored);
  const canvas = new OffscreenCanvas(source === undefined ? width : width * 2, height);
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) {
    throw new Error('Expected a browser with a 2D canvas');
  }
  if (source !== undefined) {
    context.imageSmoothingQuality = 'low';
    context.drawImage(source, 0, 0, width, height);
  }
  context.drawImage(restored, canvas.width - width, 0, width, height);
  return canvas.convertToBlob({ type: 'image/png' });
}

/** Hands a file to the person. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A recording ends by itself here: it is kept in memory until then. */
const MAX_RECORDING_BYTES = 512 * 1024 * 1024;
const CHUNK_MS = 1000;
/** A canvas gives a frame when it is drawn: one that stands still is drawn again, this often. */
const STILL_MS = 200;

/** What to record as, the best first: with sound it must be one that this browser has an encoder for. */
const SILENT_TYPES = ['video/mp4;codecs=avc1', 'video/webm;codecs=vp9', 'video/webm'];
const SOUND_TYPES = [
  'video/mp4;codecs=avc1,mp4a.40.2',
  'video/mp4;codecs=avc1,opus',
  'video/webm;codecs=vp9,opus',
  'video/webm',
];

/** Records a canvas as it is seen, split and all, and what is heard with it. */
export class CanvasRecorder {
  readonly #canvas: HTMLCanvasElement;
  readonly #redraw: () => void;
  readonly #onFinished: (recording: Blob, extension: string) => void;
  #recorder: MediaRecorder | undefined;
  #redrawing: ReturnType<typeof setInterval> | undefined;

  /** @param redraw draws the canvas once more */
  constructor(canvas: HTMLCanvasElement, redraw: () => void, onFinished: (recording: Blob, extension: string) => void) {
    this.#canvas = canvas;
    this.#redraw = redraw;
    this.#onFinished = onFinished;
  }

  /** Whether this browser can record at all. */
  static get available(): boolean {
    return 'MediaRecorder' in globalThis;
  }

  get recording(): boolean {
    return this.#recorder !== undefined;
  }

  /** @param sound what is heard; undefined for the picture alone. */
  start(sound: MediaStreamTrack | undefined): void {
    const types = sound === undefined ? SILENT_TYPES : SOUND_TYPES;
    const mimeType = types.find((type) => MediaRecorder.isTypeSupported(type));
    const stream = this.#canvas.captureStream();
    if (sound !== undefined) {
      stream.addTrack(sound);
    }
    const recorder = new MediaRecorder(stream, {
      ...(mimeType === undefined ? {} : { mimeType }),
      videoBitsPerSecond: 12_000_000,
    });
    const chunks: Blob[] = [];
    let bytes = 0;
    recorder.ondataavailable = ({ data }) => {
      chunks.push(data);
      bytes += data.size;
      if (bytes > MAX_RECORDING_BYTES) {
        this.stop();
      }
    };
    recorder.onstop = () => {
      const { mimeType: type } = recorder;
      this.#onFinished(new Blob(chunks, { type }), type.includes('mp4') ? 'mp4' : 'webm');
    };
    recorder.start(CHUNK_MS);
    this.#recorder = recorder;
    this.#redraw();
    this.#redrawing = setInterval(this.#redraw, STILL_MS);
  }

  /** Ends the recording; it is handed over. Idempotent. */
  stop(): void {
    clearInterval(this.#redrawing);
    this.#recorder?.stop();
    this.#recorder = undefined;
  }
}
