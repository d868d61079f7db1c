/**
 * The list of what the viewer can be told: see `commands.ts`.
 */
import type { Command } from './commands.js';
import type { Stage, StageView, Zoom } from './stage.js';
import type { Viewer } from './viewer.js';

/** Groups of the toolbar, in order, with their names for screen readers. */
export const GROUPS = {
  view: 'Which picture',
  zoom: 'Size of the picture',
  time: 'Playback',
  keep: 'Keep',
  more: 'More',
};

/** What commands act on beside stage and viewer. */
export interface CommandTargets {
  readonly stage: Stage;
  readonly viewer: Viewer;
  readonly changed: () => void;
  readonly loupe: { visible: boolean };
  readonly figures: { panelVisible: boolean };
  readonly grid: { readonly visible: boolean };
  readonly recorder: { readonly recording: boolean };
  snapshot(): void;
  toggleRecording(): void;
  /** Absent where the browser has none. */
  readonly pictureInPicture?: () => void;
  toggleFullscreen(): void;
  toggleGrid(): void;
  showHelp(): void;
}

const ZOOMS: readonly Zoom[] = ['fit', 1, 2, 4, 8];

/** The commands of the page. */
export function viewerCommands(targets: CommandTargets): readonly Command[] {
  const { stage, viewer, changed, loupe, figures, grid, recorder } = targets;
  // The grid has tiles, and none of what is done to one picture.
  const many = () => grid.visible;
  const noPicture = () => many() || stage.pair === undefined;
  const view = (id: string, text: string, label: string, key: string, which: StageView): Command => ({
    id,
    text,
    label,
    key,
    group: 'view',
    run: () => {
      stage.view = which;
      changed();
    },
    pressed: () => stage.view === which,
    disabled: many,
  });
  const zoomTo = (zoom: Zoom) => {
    stage.zoom = zoom;
    changed();
  };
  const zoomBy = (steps: number) => {
    const index = ZOOMS.indexOf(stage.zoom) + steps;
    zoomTo(ZOOMS[Math.min(ZOOMS.length - 1, Math.max(0, index))] ?? 'fit');
  };
  const pictureInPicture = targets.pictureInPicture;
  return [
    view('view-split', 'Split', 'Source and restored picture under a split', '1', 'split'),
    view('view-restored', 'Restored', 'The restored picture alone', '2', 'restored'),
    view('view-source', 'Source', 'The source picture alone', '3', 'source'),
    {
      id: 'zoom-fit',
      text: 'Fit',
      label: 'Fit the picture into the window',
      key: '0',
      group: 'zoom',
      run: () => zoomTo('fit'),
      pressed: () => stage.zoom === 'fit',
      disabled: many,
    },
    {
      id: 'zoom-actual',
      text: '1:1',
      label: 'One picture pixel a screen pixel',
      key: 'z',
      group: 'zoom',
      run: () => zoomTo(stage.zoom === 1 ? 'fit' : 1),
      pressed: () => stage.zoom === 1,
      disabled: many,
    },
    {
      id: 'zoom-out',
      label: 'Zoom out',
      key: '-',
      group: 'zoom',
      icon: 'zoomOut',
      run: () => zoomBy(-1),
      disabled: () => many() || stage.zoom === 'fit',
    },
    {
      id: 'zoom-in',
      label: 'Zoom in, up to 8 screen pixels for one',
      key: '+',
      group: 'zoom',
      icon: 'zoomIn',
      run: () => zoomBy(1),
      disabled: () => many() || stage.zoom === 8,
    },
    {
      id: 'toggle-loupe',
      label: 'Loupe: the same pixels of both pictures',
      key: 'l',
      group: 'zoom',
      icon: 'loupe',
      run: () => {
        loupe.visible = !loupe.visible;
        changed();
      },
      pressed: () => loupe.visible,
      disabled: many,
    },
    {
      id: 'step-back',
      label: 'One frame back',
      key: ',',
      group: 'time',
      icon: 'stepBack',
      run: () => void viewer.step(-1),
      disabled: noPicture,
    },
    {
      id: 'pause',
      label: 'Pause, or go on',
      key: ' ',
      keyLabel: 'Space',
      group: 'time',
      icon: 'pause',
      run: () => viewer.togglePause(),
      pressed: () => viewer.playback.paused,
      disabled: noPicture,
    },
    {
      id: 'step-forward',
      label: 'One frame forward',
      key: '.',
      group: 'time',
      icon: 'stepForward',
      run: () => void viewer.step(1),
      disabled: () => many() || !viewer.playback.paused,
    },
    {
      id: 'go-live',
      label: 'Jump to the present',
      key: 'n',
      group: 'time',
      icon: 'live',
      run: () => viewer.goLive(),
      disabled: () => many() || !viewer.playback.paused,
    },
    {
      id: 'sound',
      label: 'Sound',
      key: 'm',
      group: 'time',
      icon: 'sound',
      run: () => viewer.toggleSound(),
      pressed: () => viewer.sound.on,
      disabled: () => viewer.state?.audio === undefined && !viewer.sound.on,
    },
    {
      id: 'snapshot',
      label: 'Save the pair as PNG',
      key: 's',
      group: 'keep',
      icon: 'snapshot',
      run: () => targets.snapshot(),
      disabled: noPicture,
    },
    {
      id: 'record',
      label: 'Record the picture',
      key: 'r',
      group: 'keep',
      icon: 'record',
      run: () => targets.toggleRecording(),
      pressed: () => recorder.recording,
      disabled: noPicture,
    },
    {
      id: 'toggle-grid',
      label: 'All streams in a grid',
      key: 'g',
      group: 'more',
      icon: 'grid',
      run: () => targets.toggleGrid(),
      pressed: () => grid.visible,
    },
    {
      id: 'toggle-statistics',
      label: 'Statistics',
      key: 'i',
      group: 'more',
      icon: 'statistics',
      run: () => {
        figures.panelVisible = !figures.panelVisible;
        changed();
      },
      pressed: () => figures.panelVisible,
    },
    ...(pictureInPicture === undefined
      ? []
      : [
          {
            id: 'picture-in-picture',
            label: 'Picture in picture',
            key: 'p',
            group: 'more',
            icon: 'pip',
            run: pictureInPicture,
            disabled: noPicture,
          } as const,
        ]),
    {
      id: 'fullscreen',
      label: 'Fullscreen',
      key: 'f',
      group: 'more',
      icon: 'fullscreen',
      run: () => targets.toggleFullscreen(),
    },
    {
      id: 'help',
      label: 'Keyboard help',
      key: '?',
      group: 'more',
      icon: 'help',
      run: () => targets.showHelp(),
    },
  ];
}
