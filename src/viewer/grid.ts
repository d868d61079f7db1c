/**
 * All streams side by side: the restored picture of each, small; a click opens one.
 */
import type { Codec } from '../wire/view.js';
import { openDecoder } from './codec-choice.js';
import { Connection } from './connection.js';
import { closePair, type FrameDecoder, sizeOf } from './drawable.js';
import type { StreamSummary } from './server-api.js';
import { wordsFor } from './words.js';

/** A grid of tiles, each with a connection of its own while it is shown. */
export class Grid {
  readonly #element: HTMLElement;
  readonly #onChosen: (stream: string) => void;
  #tiles: readonly Tile[] = [];

  constructor(element: HTMLElement, onChosen: (stream: string) => void) {
    this.#element = element;
    this.#onChosen = onChosen;
  }

  get visible(): boolean {
    return !this.#element.hidden;
  }

  /** How many streams there are, and how many of them are live. */
  get census(): { readonly live: number; readonly count: number } {
    return { live: this.#tiles.filter(({ live }) => live).length, count: this.#tiles.length };
  }

  /** Shows these streams. */
  open(streams: readonly StreamSummary[], codec: Codec): void {
    this.close();
    this.#tiles = streams.map(({ name }) => new Tile(name, codec, () => this.#onChosen(name)));
    this.#element.replaceChildren(...this.#tiles.map(({ button }) => button));
    this.#element.hidden = false;
    this.#tiles[0]?.button.focus();
  }

  close(): void {
    for (const tile of this.#tiles) {
      tile.close();
    }
    this.#tiles = [];
    this.#element.replaceChildren();
    this.#element.hidden = true;
  }
}

/** One stream of the grid. */
class Tile {
  readonly button = document.createElement('button');
  live = false;
  readonly #connection: Connection;
  #decoder: FrameDecoder;

  constructor(name: string, codec: Codec, onChosen: () => void) {
    const canvas = document.createElement('canvas');
    const title = document.createElement('span');
    const state = document.createElement('span');
    title.className = 'tile-name';
    title.textContent = name;
    state.className = 'tile-state';
    this.button.type = 'button';
    this.button.className = 'tile';
    this.button.dataset.stream = name;
    this.button.append(canvas, title, state);
    this.button.addEventListener('click', onChosen);
    const context = canvas.getContext('2d', { alpha: false });
    const decoded = (pair: Parameters<typeof closePair>[0]) => {
      if (pair !== undefined) {
        const { width, height } = sizeOf(pair.restored);
        if (canvas.width !== width || canvas.height !== height) {
          canvas.width = width;
          canvas.height = height;
        }
        context?.drawImage(pair.restored, 0, 0);
        this.button.dataset.seq = String(pair.header.seq);
        closePair(pair);
      }
    };
    const open = (travelling: Codec) =>
      openDecoder(travelling, {
        decoded,
        keyNeeded: () => this.#connection.requestKey(),
        failed: () => {
          useJpeg();
          this.#connection.watch(name, 'jpeg', 'wait');
        },
      });
    const useJpeg = () => {
      this.#decoder.close();
      this.#decoder = open('jpeg');
    };
    this.#connection = new Connection('restored', {
      phase: (phase) => {
        this.live = false;
        state.textContent = wordsFor(phase, undefined, performance.now()).title;
      },
      streams: () => {},
      hello: () => {},
      codecRefused: useJpeg,
      state: (message) => {
        this.live = message.state === 'live';
        state.textContent = wordsFor({ kind: 'open' }, message, performance.now()).title;
      },
      frame: (frame) => {
        if (document.hidden) {
          this.#decoder.clear();
        } else {
          this.#decoder.offer(frame);
        }
      },
    });
    this.#decoder = open(codec);
    this.#connection.watch(name, codec, 'wait');
  }

  close(): void {
    this.#connection.close();
    this.#decoder.close();
  }
}
