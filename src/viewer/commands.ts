/**
 * Everything a person can tell the page to do, in one list: the toolbar, the keyboard and the help are read off it.
 */
import { ICONS, type IconName } from './icons.js';

/** One thing the page does. */
export interface Command {
  readonly id: string;
  /** In plain words: name of the button, line of the help. */
  readonly label: string;
  /** `KeyboardEvent.key`, lower case, and how the help writes it. */
  readonly key: string;
  readonly keyLabel?: string;
  /** Commands of one group stand together; without one it has no button. */
  readonly group?: string;
  readonly icon?: IconName;
  /** What the button shows instead of an icon. */
  readonly text?: string;
  readonly run: () => void;
  /** Whether it is on, for those that stay on. */
  readonly pressed?: () => boolean;
  readonly disabled?: () => boolean;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Buttons of commands, kept up to date by `refresh`. */
export class Toolbar {
  readonly #buttons: readonly (readonly [Command, HTMLButtonElement])[];

  /** Adds the buttons to a bar, a fieldset for each group. */
  constructor(bar: HTMLElement, commands: readonly Command[], groups: Readonly<Record<string, string>>) {
    const buttons: [Command, HTMLButtonElement][] = [];
    for (const [group, legend] of Object.entries(groups)) {
      const set = document.createElement('fieldset');
      set.className = `tools tools-${group}`;
      const name = document.createElement('legend');
      name.className = 'visually-hidden';
      name.textContent = legend;
      set.append(name);
      for (const command of commands.filter((one) => one.group === group)) {
        const button = buttonFor(command);
        set.append(button);
        buttons.push([command, button]);
      }
      bar.append(set);
    }
    this.#buttons = buttons;
    this.refresh();
  }

  refresh(): void {
    for (const [{ pressed, disabled }, button] of this.#buttons) {
      if (pressed !== undefined) {
        button.setAttribute('aria-pressed', String(pressed()));
      }
      // Not `disabled`: a button that disables itself by what it does would lose the keyboard's focus.
      button.setAttribute('aria-disabled', String(disabled?.() ?? false));
    }
  }
}

/** Runs commands by their keys, unless somebody is typing, a key is part of a chord or a dialog is open. */
export function listenForKeys(commands: readonly Command[]): void {
  // A button that was clicked gives the keys back; one that was reached by them keeps the focus.
  addEventListener('click', ({ detail, target }) => {
    const button = target instanceof Element ? target.closest('button') : null;
    if (detail > 0 && button === document.activeElement) {
      button?.blur();
    }
  });
  addEventListener('keydown', (event) => {
    const { target } = event;
    const typing = target instanceof HTMLInputElement || target instanceof HTMLSelectElement;
    // A focused button takes the space bar itself, the split its arrows.
    const taken = (target instanceof HTMLButtonElement && event.key === ' ') || event.defaultPrevented;
    const dialog = document.querySelector('dialog[open]') !== null;
    if (typing || taken || dialog || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const command = commands.find(({ key }) => key === event.key.toLowerCase());
    if (command !== undefined && command.disabled?.() !== true) {
      event.preventDefault();
      // A key that is held down steps on; it does not switch on and off.
      if (!event.repeat || command.pressed === undefined) {
        command.run();
      }
    }
  });
}

/** Lists keys and what they do. */
export function writeHelp(list: HTMLElement, commands: readonly Command[]): void {
  list.replaceChildren(
    ...commands.map(({ key, keyLabel, label }) => {
      const row = document.createElement('div');
      const keys = document.createElement('dt');
      const words = document.createElement('dd');
      const cap = document.createElement('kbd');
      cap.textContent = keyLabel ?? key.toUpperCase();
      keys.append(cap);
      words.textContent = label;
      row.append(keys, words);
      return row;
    }),
  );
}

function buttonFor({ id, label, key, keyLabel, icon, text, run, disabled }: Command): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.id = id;
  button.className = 'tool';
  button.title = `${label} (${keyLabel ?? key.toUpperCase()})`;
  if (icon === undefined) {
    button.textContent = text ?? label;
    button.classList.add('tool-text');
    if (text !== undefined && text !== label) {
      button.setAttribute('aria-label', `${text}: ${label}`);
    }
  } else {
    button.setAttribute('aria-label', label);
    button.append(iconOf(icon));
  }
  button.addEventListener('click', () => {
    if (disabled?.() !== true) {
      run();
    }
  });
  return button;
}

function iconOf(name: IconName): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
