// Where built programs lie: <cache>/<module>/<key>/<tool>, outside the checkout. The key is a hash of everything that goes into a
// build, so that a second run builds nothing and a changed pin never finds an old program.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { type GoModule, type ModuleName, modules, type ToolName, tools, toolsOf } from './catalog.ts'

const root = resolve(import.meta.dirname, '../..')

/** `$ROUNDSMAN_TOOLS_CACHE`, or `roundsman/tools` in the user's cache folder. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.ROUNDSMAN_TOOLS_CACHE) {
    return resolve(env.ROUNDSMAN_TOOLS_CACHE)
  }
  return join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'roundsman', 'tools')
}

export function moduleFolder(name: ModuleName): string {
  return join(root, modules[name].folder)
}

/** The folder that holds this module's built tools, whether or not they are built. */
export function outputFolder(name: ModuleName, env?: NodeJS.ProcessEnv): string {
  return join(cacheFolder(env), name, moduleKey(name))
}

export function isBuilt(name: ToolName, env?: NodeJS.ProcessEnv): boolean {
  return existsSync(join(outputFolder(tools[name].module, env), name))
}

/** Absolute path of a built tool; throws with the remedy when it is not there. Builds nothing. */
export function toolPath(name: ToolName, env?: NodeJS.ProcessEnv): string {
  const path = join(outputFolder(tools[name].module, env), name)
  if (!existsSync(path)) {
    throw new Error(`${name} is not built yet; run: node e2e/tools/build.ts ${name}`)
  }
  return path
}

function moduleKey(name: ModuleName): string {
  const folder = moduleFolder(name)
  const hash = createHash('sha256')
  for (const file of readdirSync(folder).filter(isBuildInput).sort()) {
    hash.update(`${file}\n`).update(readFileSync(join(folder, file)))
  }
  const recipe = {
    module: modules[name] as GoModule,
    tools: toolsOf(name).map((tool) => [tool, tools[tool]]),
  }
  hash.update(JSON.stringify({ recipe, platform: process.platform, arch: process.arch }))
  return hash.digest('hex').slice(0, 16)
}

function isBuildInput(file: string): boolean {
  return file === 'go.mod' || file === 'go.sum' || file.endsWith('.go')
}
