// Bundles the program for the image: node scripts/bundle.ts [folder], by default dist/. Afterwards `node <folder>/main.mjs` needs neither
// node_modules nor TypeScript. Each worker is a file of its own, found from the bundle as it is found from the source.
import { readFile, rm } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

export async function bundle(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true })
  await build({
    entryPoints: { main: join(root, 'src/main.ts'), ...(await workers()) },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    splitting: true, // What only some commands need (the Kubernetes client) is loaded only by them.
    sourcemap: 'linked',
    legalComments: 'linked',
    // Some of our dependencies are CommonJS and call require for node's own modules.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [ownFiles],
    logLevel: 'warning',
  })
}

const fileUrl = /new URL\('([^']+)', import\.meta\.url\)/g

/** Files of ours that are named by URL: a worker becomes the entry of that name, package.json becomes its version. */
const ownFiles: Plugin = {
  name: 'own-files',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/program\/version\.ts$/ }, async () => {
      const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
        version: string
      }
      return { contents: `export const version = ${JSON.stringify(version)}`, loader: 'ts' }
    })
    onLoad({ filter: /\/src\/program\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, 'utf8')
      const contents = source.replace(fileUrl, (_, file: string) => {
        return `new URL('./${entryName(resolve(dirname(path), file))}.mjs', import.meta.url)`
      })
      return { contents, loader: 'ts' }
    })
  },
}

/** The workers that the program names, by the name of their entry. */
async function workers(): Promise<Record<string, string>> {
  const entries: Record<string, string> = {}
  for (const file of ['core.ts', 'operator.ts']) {
    const path = join(root, 'src/program', file)
    for (const [, named = ''] of (await readFile(path, 'utf8')).matchAll(fileUrl)) {
      const worker = resolve(dirname(path), named)
      entries[entryName(worker)] = worker
    }
  }
  return entries
}

/** `probe-worker` for src/probe/worker.ts. */
function entryName(path: string): string {
  return `${basename(dirname(path))}-${basename(relative(root, path), '.ts')}`
}

if (import.meta.main) {
  const folder = resolve(process.argv[2] ?? join(root, 'dist'))
  await bundle(folder)
  console.error(`✔ bundled into ${folder}`)
}
