/**
 * What the engine room and its picture worker say to each other: small graphs without weights, run on whole pictures.
 */
import type { TensorInfo } from '../onnx/tensor.js';

/** A picture as the input or the output of a graph. */
export interface PictureTensor extends TensorInfo {
  readonly data: ArrayBuffer;
}

export type PictureRequest =
  | {
      readonly type: 'run';
      readonly id: number;
      /** Names the graph. */
      readonly key: string;
      /** The ONNX file; left out where the worker has the graph of this key. */
      readonly model?: Uint8Array;
      /** Keys of graphs that are not needed any more. */
      readonly close: readonly string[];
      readonly inputs: readonly PictureTensor[];
      /** Its buffer is filled. */
      readonly output: PictureTensor;
    }
  | { readonly type: 'close' };

export type PictureReply =
  | { readonly type: 'done'; readonly id: number; readonly output: ArrayBuffer }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };
