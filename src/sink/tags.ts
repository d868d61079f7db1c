/**
 * What a recording says about its pictures: they may be shown as evidence one day.
 */
import { plainName } from './file-name.js';

/** Where the pictures of a sink come from. */
export interface Provenance {
  readonly stream: string;
  /** 'source' pictures are as the camera sent them, encoded once more. */
  readonly view: 'restored' | 'source';
  /** Every stage in order; sha256 of the weights is null where a network has none. */
  readonly models: readonly { readonly name: string; readonly sha256: string | null }[];
}

/**
 * A GStreamer tag list: the stream as the title, a comment like
 * `limpid:restored/model:live-x4/weights-sha256:0123…`. Values keep to characters that no container has to escape.
 */
export function tagList({ stream, view, models }: Provenance): string {
  const stages = models.map(({ name, sha256 }) => `/model:${plainName(name)}/weights-sha256:${sha256 ?? 'none'}`);
  const comment = view === 'restored' ? `limpid:restored${stages.join('')}` : 'limpid:source';
  return `title=(string)${plainName(stream)},comment=(string)${comment}`;
}
