// Removes files from node_modules that no process of the image loads: types, source maps, documents, the compilers of
// other databases. Runs while the image is built, so it has no dependencies.
import { readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** Packages for compilers, for browsers (Node has modules of the same names), and one that reports its installation. */
const PACKAGES =
  /^(@types|@scarf|undici-types|base64-js|buffer|events|ieee754|stream-browserify|readable-stream|string_decoder|util-deprecate|safe-buffer)\//

const USELESS = [
  // Types, source maps, and TypeScript beside the JavaScript made of it.
  /\.(d\.[cm]?ts|map|tsbuildinfo|flow)$/,
  /^(?!@waybill\/).*\.[cm]?tsx?$/,
  // Documents, but not licenses.
  /(^|\/)(?!(licen[cs]e|notice|copying|copyright)[^/]*$)[^/]+\.(md|markdown)$/i,
  // What their authors use.
  /\/(test|tests|__tests__|example|examples|benchmark|benchmarks|coverage|\.github|\.vscode)\//,
  /\/(\.eslintrc[^/]*|\.prettierrc[^/]*|\.editorconfig|\.nycrc|\.travis\.yml|tsconfig[^/]*\.json|bun\.lock|yarn\.lock)$/,
  // Node loads dist-cjs.
  /^@(aws-sdk|smithy|aws)\/[^/]+\/dist-(es|types)\//,
  // The compiler of Postgres' queries is fast and an ES module: the generated client loads it.
  /^@prisma\/client\/runtime\/query_compiler_(small_bg|fast_bg\.(?!postgresql))/,
  /^@prisma\/client\/runtime\/query_compiler_[^/]+\.js$/,
  /^@prisma\/client\/(runtime\/(wasm-compiler-edge|index-browser|react-native)|generator-build\/|scripts\/)/,
  // The API serves two files and the icon of Swagger UI.
  /^swagger-ui-dist\/(?!package\.json$|LICENSE$|NOTICE$|index\.js$|absolute-path\.js$|swagger-ui\.css$|swagger-ui-bundle\.js$|favicon-32x32\.png$)/,
  // Luxon for browsers and other module systems.
  /^luxon\/(build\/(amd|cjs-browser|global|es6)|src)\//,
]

/** @param path of a file of a package, below node_modules */
export function isPruned(path: string): boolean {
  const inner = path.replace(/^.*\/node_modules\//, '')
  return PACKAGES.test(inner) || USELESS.some((pattern) => pattern.test(inner))
}

/** @param root the folder node_modules. @returns the number of removed bytes */
function pruneModules(root: string, folder = ''): number {
  let bytes = 0
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) bytes += pruneModules(root, path)
    else if (entry.isFile() && isPruned(path)) {
      bytes += statSync(join(root, path)).size
      rmSync(join(root, path))
    }
  }
  if (folder !== '' && readdirSync(join(root, folder)).length === 0) rmdirSync(join(root, folder))
  return bytes
}

if (import.meta.main) {
  const bytes = pruneModules(process.argv[2] ?? 'node_modules')
  process.stdout.write(`Removed ${(bytes / 1e6).toFixed(1)} MB that no process loads\n`)
}
