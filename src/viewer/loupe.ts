/**
 * The loupe: the same few pixels of source and restored picture side by side, enlarged without smoothing, at the pointer
 * or, from the keyboard, in the middle of the picture.
 */
import { type DecodedPair, sizeOf } from './drawable.js';

/** Side of each half on the screen, CSS px, and how often a pixel of the restored picture is enlarged. */
const SIDE = 168;
const MAGNIFICATION = 6;

/** Draws the loupe on a canvas of its own. */
export class Loupe {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D;
  #centre = { x: 0.5, y: 0.5 };

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    canvas.width = SIDE * 2;
    canvas.height = SIDE;
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) {
      throw new Error('Expected a browser with a 2D canvas');
    }
    this.#context = context;
  }

  get visible(): boolean {
    return !this.#canvas.hidden;
  }

  set visible(visible: boolean) {
    this.#canvas.hidden = !visible;
  }

  /** Looks at a place of the picture, as shares of its width and height. */
  lookAt(x: number, y: number): void {
    this.#centre = { x: clamp(x), y: clamp(y) };
  }

  draw(pair: DecodedPair | undefined): void {
    if (!this.visible || pair === undefined) {
      return;
    }
    const { width, height } = sizeOf(pair.restored);
    const reach = SIDE / MAGNIFICATION;
    const left = this.#centre.x * width - reach / 2;
    const top = this.#centre.y * height - reach / 2;
    const context = this.#context;
    context.imageSmoothingEnabled = false;
    context.fillStyle = '#000';
    context.fillRect(0, 0, SIDE * 2, SIDE);
    const source = pair.source ?? pair.restored;
    const size = sizeOf(source);
    const scale = size.width / width;
    context.drawImage(source, left * scale, top * scale, reach * scale, reach * scale, 0, 0, SIDE, SIDE);
    context.drawImage(pair.restored, left, top, reach, reach, SIDE, 0, SIDE, SIDE);
    context.fillStyle = '#fff';
    context.fillRect(SIDE - 0.5, 0, 1, SIDE);
  }
}

function clamp(share: number): number {
  return Math.min(1, Math.max(0, share));
}
