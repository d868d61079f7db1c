/**
 * Icons of the toolbar: strokes on a grid of 24.
 */
export const ICONS = {
  pause: 'M9 5v14M15 5v14',
  stepBack: 'M17 6l-8 6 8 6zM6 6v12',
  stepForward: 'M7 6l8 6-8 6zM18 6v12',
  live: 'M12 10a2 2 0 1 0 0 4 2 2 0 0 0 0-4M7.8 7.8a6 6 0 0 0 0 8.4M16.2 7.8a6 6 0 0 1 0 8.4M5 5a10 10 0 0 0 0 14M19 5a10 10 0 0 1 0 14',
  sound: 'M4 10v4h3l5 4V6L7 10zM15.5 9a4 4 0 0 1 0 6M18 6.5a8 8 0 0 1 0 11',
  zoomIn: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15 15l5 5M10.5 8v5M8 10.5h5',
  zoomOut: 'M10.5 4.5a6 6 0 1 0 0 12 6 6 0 0 0 0-12M15 15l5 5M8 10.5h5',
  loupe: 'M3 8h8v8H3zM13 8h8v8h-8M7 12h.01M17 12h.01',
  snapshot: 'M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7',
  record: 'M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12M12 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3',
  pip: 'M3 5h18v14H3zM12 12h6v4h-6z',
  fullscreen: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
  grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  statistics: 'M4 20V10M10 20V4M16 20v-7M4 20h17',
  help: 'M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 17.5h.01',
} as const;

/** Names of icons. */
export type IconName = keyof typeof ICONS;
