// The data directory of `npm start` and the secrets in it: both can be read by their owner only.
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { ConfigError } from '@waybill/shared/settings/read.ts'
import { parentDeathPrefix } from './postgres/binaries.ts'

const OWNER_ONLY_DIRECTORY = 0o700
/** Others can open a path in it that they know and that has its own permission, but they cannot list it. */
const TRAVERSABLE_DIRECTORY = 0o711
const OWNER_ONLY_FILE = 0o600

/** Creates the directory, or changes the mode of an existing one. @throws ConfigError if it belongs to another user */
export async function prepareDataDir(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: OWNER_ONLY_DIRECTORY })
  // Without setpriv, the Postgres that root starts as another user has no capability to pass a directory of mode 0700.
  const isTraversed = process.getuid?.() === 0 && parentDeathPrefix().length === 0
  try {
    await chmod(path, isTraversed ? TRAVERSABLE_DIRECTORY : OWNER_ONLY_DIRECTORY)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
    throw new ConfigError([`DATA_DIR is ${path}, which belongs to another user. Use a directory of your own.`])
  }
}

/** The same secret at every start, because scripts may contain it. */
export async function readOrCreateSecret(path: string, create: () => string): Promise<string> {
  try {
    await writeFile(path, `${create()}\n`, { flag: 'wx', mode: OWNER_ONLY_FILE })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    // A copy of the directory may have lost the mode.
    await chmod(path, OWNER_ONLY_FILE)
  }
  return (await readFile(path, 'utf8')).trim()
}
