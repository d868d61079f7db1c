/**
 * The hand on the split: mouse, touch and keyboard.
 */
import type { Stage } from './stage.js';

const STEP = 0.01;
const LARGE_STEP = 0.1;

/** Elements the control listens to. */
export interface SplitElements {
  /** The slider itself. */
  readonly split: HTMLElement;
  /** The picture: a click beside the line brings the line there, or pans when the picture is larger than the window. */
  readonly canvas: HTMLElement;
  readonly scroller: HTMLElement;
}

/** Connects slider and picture to the stage. */
export function controlSplit(stage: Stage, { split, canvas, scroller }: SplitElements): void {
  const moveTo = (share: number) => {
    stage.split = share;
    const percent = Math.round(stage.split * 100);
    split.setAttribute('aria-valuenow', String(percent));
    split.setAttribute('aria-valuetext', `${percent} % source, ${100 - percent} % restored`);
  };

  drag(split, (event) => moveTo(stage.splitAt(event.clientX)));
  drag(
    canvas,
    (event) => {
      if (stage.zoom === 'fit' && stage.view === 'split') {
        moveTo(stage.splitAt(event.clientX));
      } else if (stage.zoom !== 'fit' && event.pointerType === 'mouse') {
        scroller.scrollBy(-event.movementX, -event.movementY);
      }
    },
    (event) => {
      if (stage.zoom === 'fit' && stage.view === 'split') {
        moveTo(stage.splitAt(event.clientX));
        split.focus({ preventScroll: true });
      }
    },
  );
  split.addEventListener('keydown', (event) => {
    const share = shareAfterKey(stage.split, event);
    if (share !== undefined) {
      event.preventDefault();
      moveTo(share);
    }
  });
  moveTo(stage.split);
}

/** Where a key moves the split; undefined for keys that don't. */
function shareAfterKey(share: number, { key, shiftKey }: KeyboardEvent): number | undefined {
  const step = shiftKey ? LARGE_STEP : STEP;
  switch (key) {
    case 'ArrowLeft':
    case 'ArrowDown':
      return share - step;
    case 'ArrowRight':
    case 'ArrowUp':
      return share + step;
    case 'PageDown':
      return share - LARGE_STEP;
    case 'PageUp':
      return share + LARGE_STEP;
    case 'Home':
      return 0;
    case 'End':
      return 1;
    default:
      return undefined;
  }
}

function drag(
  element: HTMLElement,
  onMove: (event: PointerEvent) => void,
  onStart: (event: PointerEvent) => void = () => {},
): void {
  element.addEventListener('pointerdown', (event) => {
    if (event.button === 0) {
      element.setPointerCapture(event.pointerId);
      onStart(event);
    }
  });
  element.addEventListener('pointermove', (event) => {
    if (element.hasPointerCapture(event.pointerId)) {
      onMove(event);
    }
  });
}
