/**
 * Where models lie: those that come with the package, and those that a user imported.
 *
 *     $LIMPID_MODELS ─▶ ~/.local/share/limpid/models ─▶ models/ of the package       the first that has the name
 *
 * Imports go to $LIMPID_MODELS where it is set, to `models/` of a clone, and to the user's folder where the package is
 * installed: its own folder may be read-only, and the next update would empty it.
 */
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { packageFile } from '../media/package-file.js';

/** Folders in which a model is looked for, in order. */
export function modelFolders(): readonly string[] {
  const { LIMPID_MODELS: chosen } = process.env;
  return [...(chosen ? [path.resolve(chosen)] : []), userFolder(), packageFile('models')];
}

/** The folder that imported models are written to; it may have to be made. */
export function importFolder(): string {
  const { LIMPID_MODELS: chosen } = process.env;
  if (chosen) return path.resolve(chosen);
  const own = packageFile('models');
  return isInstalled(own) || !isWritable(own) ? userFolder() : own;
}

/** As the XDG base directories say. */
function userFolder(): string {
  const { XDG_DATA_HOME: data } = process.env;
  return path.join(data && path.isAbsolute(data) ? data : path.join(homedir(), '.local', 'share'), 'limpid', 'models');
}

function isInstalled(folder: string): boolean {
  return folder.split(path.sep).includes('node_modules');
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
