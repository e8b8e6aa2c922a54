// Follows the imports of a program through this repository, as Node and Vite do when they run it.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, extname, join, normalize } from 'node:path'

export interface ModuleGraph {
  /** Paths from the root of the repository, the entries included. */
  readonly files: ReadonlySet<string>
  /** Names of packages outside of the repository, without paths inside them. */
  readonly packages: ReadonlySet<string>
}

/**
 * Imports that exist at run time: `import`, `export … from`, `import()`. Imports of types alone are erased
 * (verbatimModuleSyntax), so they do not count.
 */
const CODE_IMPORTS = [
  /^(?:import|export)\s+(?!type\b)(?:[\w\s,{}*$]+?\sfrom\s+)?['"]([^'"]+)['"]/gm,
  /\bimport\(\s*['"]([^'"]+)['"]\s*\)/g,
]
const IMPORTS_BY_EXTENSION: Readonly<Record<string, readonly RegExp[]>> = {
  '.ts': CODE_IMPORTS,
  '.tsx': CODE_IMPORTS,
  '.mjs': CODE_IMPORTS,
  '.css': [/@import\s+['"]([^'"]+)['"]/g],
  '.html': [/<script[^>]*\ssrc="\/([^"]+)"/g],
}

/** @throws Error when an import leads to a file that does not exist */
export function moduleGraph(root: string, entries: readonly string[]): ModuleGraph {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string) => {
    if (files.has(file)) return
    files.add(file)
    const patterns = IMPORTS_BY_EXTENSION[extname(file)]
    if (patterns === undefined) return
    const text = readFileSync(join(root, file), 'utf8')
    for (const specifier of patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''))) {
      const target = resolveImport(root, file, specifier)
      if (target === undefined) packages.add(packageName(specifier))
      else visit(target)
    }
  }
  for (const entry of entries) visit(entry)
  return { files, packages }
}

/** @returns undefined for Node's own modules and for packages from the registry */
function resolveImport(root: string, file: string, specifier: string): string | undefined {
  const target = file.endsWith('.html')
    ? join(dirname(file), specifier)
    : specifier.startsWith('.')
      ? normalize(join(dirname(file), specifier))
      : resolveWorkspace(root, specifier)
  if (target !== undefined && !existsSync(join(root, target))) {
    throw new Error(`${file} imports "${specifier}", and ${target} does not exist.`)
  }
  return target
}

/** By the `exports` of the workspace's manifest, which are a file each or `./*` for a folder. */
function resolveWorkspace(root: string, specifier: string): string | undefined {
  const [, name = '', path = ''] = /^@waybill\/([^/]+)(?:\/(.+))?$/.exec(specifier) ?? []
  const directory = [`packages/${name}`, `apps/${name}`].find((each) => existsSync(join(root, each, 'package.json')))
  if (name === '' || directory === undefined) return undefined
  const manifest = JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8')) as {
    exports: Record<string, string>
  }
  const target = manifest.exports[path === '' ? '.' : `./${path}`] ?? manifest.exports['./*']?.replace('*', path)
  if (target === undefined) throw new Error(`${directory}/package.json exports no "${path}".`)
  return normalize(join(directory, target))
}

function packageName(specifier: string): string {
  return specifier.startsWith('node:')
    ? 'node'
    : specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/')
}
