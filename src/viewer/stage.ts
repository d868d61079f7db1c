/**
 * The picture: a canvas in the restored size, the source drawn over it left of the split, and the lay-out around it.
 *
 *     viewport ┌───────────────────────────┐   fit: the canvas fills the viewport
 *              │ source      ┃    restored │   1:1: one canvas pixel a screen pixel, scrolled
 *              └─────────────┸─────────────┘   2:1 to 8:1: pixels without smoothing
 *                                              the split stays in what is visible
 */
import { closePair, type DecodedPair, sizeOf } from './drawable.js';

/** How large the picture is drawn: as it fits, or screen pixels for a picture pixel. */
export type Zoom = 'fit' | 1 | 2 | 4 | 8;
/** Which picture is drawn: both under the split, or one. */
export type StageView = 'split' | 'restored' | 'source';

/** Elements the stage works on. */
export interface StageElements {
  readonly viewport: HTMLElement;
  readonly scroller: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly overlay: HTMLElement;
  readonly sideSource: HTMLElement;
  readonly sideRestored: HTMLElement;
  readonly split: HTMLElement;
}

/** Draws frames and knows where on the screen they are. */
export class Stage {
  readonly #elements: StageElements;
  readonly #context: CanvasRenderingContext2D;
  #pair: DecodedPair | undefined;
  #split = 0.5;
  #zoom: Zoom = 'fit';
  #view: StageView = 'split';

  constructor(elements: StageElements) {
    this.#elements = elements;
    const context = elements.canvas.getContext('2d', { alpha: false });
    if (context === null) {
      throw new Error('Expected a browser with a 2D canvas');
    }
    this.#context = context;
    new ResizeObserver(() => this.#layOut()).observe(elements.viewport);
    elements.scroller.addEventListener('scroll', () => this.#place(), { passive: true });
  }

  get zoom(): Zoom {
    return this.#zoom;
  }

  set zoom(zoom: Zoom) {
    const { viewport, scroller } = this.#elements;
    const centre = this.#centre();
    this.#zoom = zoom;
    viewport.dataset.zoom = zoom === 'fit' ? 'fit' : 'pixels';
    viewport.dataset.sharp = String(zoom !== 'fit' && zoom > 1);
    // What scrolls must be reachable from the keyboard.
    scroller.tabIndex = zoom === 'fit' ? -1 : 0;
    this.#layOut();
    scroller.scrollTo({
      left: centre.x * scroller.scrollWidth - scroller.clientWidth / 2,
      top: centre.y * scroller.scrollHeight - scroller.clientHeight / 2,
    });
  }

  get view(): StageView {
    return this.#view;
  }

  set view(view: StageView) {
    this.#view = view;
    this.#elements.viewport.dataset.view = view;
    this.#draw();
  }

  /** What is shown; the stage owns its pictures. */
  get pair(): DecodedPair | undefined {
    return this.#pair;
  }

  /** Share of the visible picture that shows the source, 0 to 1. */
  get split(): number {
    return this.#split;
  }

  set split(split: number) {
    this.#split = Math.min(1, Math.max(0, split));
    this.#place();
  }

  /** Shows a frame; takes its bitmaps. */
  show(pair: DecodedPair): void {
    const { canvas, viewport } = this.#elements;
    closePair(this.#pair);
    this.#pair = pair;
    viewport.dataset.shown = '';
    const { width, height } = sizeOf(pair.restored);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
      viewport.style.setProperty('--aspect', `${width} / ${height}`);
      this.#layOut();
      return;
    }
    this.#draw();
  }

  /** Draws what is shown once more. */
  redraw(): void {
    this.#draw();
  }

  /** Share of the visible picture to the left of a place on the screen. */
  splitAt(clientX: number): number {
    const { left, width } = this.#visible();
    return width === 0 ? this.#split : (clientX - left) / width;
  }

  /** A place on the screen as shares of the picture. */
  placeAt(clientX: number, clientY: number): { readonly x: number; readonly y: number } {
    const { left, top, width, height } = this.#elements.canvas.getBoundingClientRect();
    return { x: (clientX - left) / Math.max(1, width), y: (clientY - top) / Math.max(1, height) };
  }

  /** The part of the picture in the middle of the window. */
  #centre(): { readonly x: number; readonly y: number } {
    const { left, top, width, height } = this.#visible();
    return this.placeAt(left + width / 2, top + height / 2);
  }

  #layOut(): void {
    const { canvas, viewport } = this.#elements;
    const scale =
      this.#zoom === 'fit'
        ? Math.min(viewport.clientWidth / canvas.width, viewport.clientHeight / canvas.height)
        : this.#zoom / devicePixelRatio;
    canvas.style.width = `${canvas.width * scale}px`;
    canvas.style.height = `${canvas.height * scale}px`;
    this.#place();
  }

  /** Puts line and labels where the split is on the screen, then draws. */
  #place(): void {
    const { overlay, sideSource, sideRestored, split, viewport } = this.#elements;
    const visible = this.#visible();
    const frame = viewport.getBoundingClientRect();
    overlay.style.left = `${visible.left - frame.left}px`;
    overlay.style.top = `${visible.top - frame.top}px`;
    overlay.style.width = `${visible.width}px`;
    overlay.style.height = `${visible.height}px`;
    const percent = `${this.#split * 100}%`;
    split.style.left = percent;
    sideSource.style.width = percent;
    sideRestored.style.left = percent;
    this.#draw();
  }

  #draw(): void {
    if (this.#pair === undefined) {
      return;
    }
    const { restored, source, header } = this.#pair;
    const { width, height } = this.#elements.canvas;
    const context = this.#context;
    context.drawImage(restored, 0, 0, width, height);
    const edge = Math.round(this.#edge() * width);
    if (source === undefined || edge <= 0) {
      return;
    }
    context.save();
    context.beginPath();
    context.rect(0, 0, edge, height);
    context.clip();
    // Enlarged as a plain player does it: bilinear.
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'low';
    // H.264 has lost an odd last column and row: what is left covers a little less than the restored picture.
    const size = sizeOf(source);
    const scale = Math.max(1, Math.round(header.width / header.sourceWidth));
    const covers = size.width < header.sourceWidth || size.height < header.sourceHeight;
    context.drawImage(source, 0, 0, covers ? size.width * scale : width, covers ? size.height * scale : height);
    context.restore();
  }

  /** Share of the canvas, from the left, that shows the source. */
  #edge(): number {
    switch (this.#view) {
      case 'split':
        return this.#splitOnCanvas();
      case 'restored':
        return 0;
      case 'source':
        return 1;
    }
  }

  #splitOnCanvas(): number {
    const canvas = this.#elements.canvas.getBoundingClientRect();
    const visible = this.#visible();
    return canvas.width === 0 ? this.#split : (visible.left + this.#split * visible.width - canvas.left) / canvas.width;
  }

  /** The part of the picture that is on the screen, in client coordinates. */
  #visible(): { readonly left: number; readonly top: number; readonly width: number; readonly height: number } {
    const canvas = this.#elements.canvas.getBoundingClientRect();
    const frame = this.#elements.viewport.getBoundingClientRect();
    const left = Math.max(canvas.left, frame.left);
    const top = Math.max(canvas.top, frame.top);
    return {
      left,
      top,
      width: Math.max(0, Math.min(canvas.right, frame.right) - left),
      height: Math.max(0, Math.min(canvas.bottom, frame.bottom) - top),
    };
  }
}
