// Builds the real programs of the end-to-end suite from their pinned Go modules: node e2e/tools/build.ts [tool ...]
// What is built already is left alone; needs the network only for modules that Go has not fetched yet.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { cacheFolder, isBuilt, moduleFolder, outputFolder, toolPath } from './cache.ts'
import { type GoModule, type ModuleName, modules, type ToolName, tools, toolsOf } from './catalog.ts'
import { assertGo, go, goModuleFolder } from './go.ts'
import { withLock } from './lock.ts'

export { toolPath } from './cache.ts'

type Say = (line: string) => void

/** Builds those of `names` that are not built, one module after the other, since each build takes every core. */
export async function ensureTools(names: readonly ToolName[], say: Say = narrate): Promise<void> {
  if (names.every((name) => isBuilt(name))) {
    return
  }
  const waiting = (pid: number) => say(`◎ waiting for process ${pid}, which is building the same programs`)
  await withLock(join(cacheFolder(), 'lock'), waiting, async () => {
    for (const module of Object.keys(modules) as ModuleName[]) {
      const missing = toolsOf(module).filter((tool) => names.includes(tool) && !isBuilt(tool))
      if (missing.length > 0) {
        await buildModule(module, missing, say)
      }
    }
  })
}

async function buildModule(module: ModuleName, missing: readonly ToolName[], say: Say): Promise<void> {
  assertGo(moduleFolder(module))
  say(`► building ${missing.join(', ')} (once; kept in ${outputFolder(module)})`)
  const started = performance.now()
  const output = outputFolder(module)
  mkdirSync(output, { recursive: true })
  // Beside the final place, so that the rename that makes a tool visible stays on one file system.
  const scratch = mkdtempSync(join(dirname(output), '.building-'))
  try {
    await buildInto(scratch, module, missing)
    for (const tool of missing) {
      renameSync(join(scratch, 'out', tool), join(output, tool))
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
  say(`✔ built ${missing.join(', ')} in ${Math.round((performance.now() - started) / 1000)}s`)
}

async function buildInto(scratch: string, module: ModuleName, missing: readonly ToolName[]): Promise<void> {
  const output = join(scratch, 'out')
  mkdirSync(output)
  const programs = missing.filter((tool) => 'package' in tools[tool])
  if (programs.length > 0) {
    const source = await prepareSource(scratch, module)
    // One call for all of them, so that go links one program while it compiles the next.
    await go(
      ['build', '-o', `${join(scratch, 'bin')}/`, ...linkerFlags(programs), ...programs.map(packageOf)],
      source,
    )
    for (const tool of programs) {
      renameSync(join(scratch, 'bin', binaryName(packageOf(tool))), join(output, tool))
    }
  }
  for (const tool of missing) {
    const entry = tools[tool]
    if ('path' in entry) {
      copyPlainFiles(
        join(goModuleFolder(entry.goModule, moduleFolder(module)), entry.path),
        join(output, tool),
      )
    }
  }
}

/** The folder to build in: the module's own, or a copy in which the page that its sources embed was put into `vendor/`. */
async function prepareSource(scratch: string, module: ModuleName): Promise<string> {
  const { embeddedPage }: GoModule = modules[module]
  if (embeddedPage === undefined) {
    return moduleFolder(module)
  }
  const copy = join(scratch, 'source')
  cpSync(moduleFolder(module), copy, { recursive: true })
  await go(['mod', 'vendor', '-e'], copy) // -e: it complains of the very page that is put there next.
  mkdirSync(dirname(join(copy, embeddedPage)), { recursive: true })
  writeFileSync(join(copy, embeddedPage), '<!doctype html><title>no page</title>\n')
  return copy
}

// Symbol tables and debug information are left out: they double the memory that linking takes.
function linkerFlags(programs: readonly ToolName[]): string[] {
  return programs.map((tool) => {
    const entry = tools[tool]
    return `-ldflags=${packageOf(tool)}=-s -w ${'ldflags' in entry ? entry.ldflags : ''}`
  })
}

function packageOf(tool: ToolName): string {
  const entry = tools[tool]
  if (!('package' in entry)) {
    throw new Error(`${tool} is not a program; this is a bug of the build script`)
  }
  return entry.package
}

/** How `go build` names a program: the last element of its path that is not a major version. */
function binaryName(path: string): string {
  return basename(path.replace(/\/v\d+$/, ''))
}

// The module cache is read-only; a plain copy with its modes could not be removed again.
function copyPlainFiles(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const file of readdirSync(from, { withFileTypes: true }).filter((entry) => entry.isFile())) {
    cpSync(join(from, file.name), join(to, file.name), { mode: 0 })
  }
}

function narrate(line: string): void {
  process.stderr.write(`${line}\n`)
}

async function main(args: readonly string[]): Promise<void> {
  const known = Object.keys(tools) as ToolName[]
  const unknown = args.filter((arg) => !known.includes(arg as ToolName))
  if (unknown.length > 0) {
    throw new Error(`no such tool: ${unknown.join(', ')}; known are ${known.join(', ')}`)
  }
  const wanted = args.length > 0 ? (args as readonly ToolName[]) : known
  await ensureTools(wanted)
  for (const tool of wanted) {
    process.stdout.write(`${toolPath(tool)}\n`)
  }
}

if (import.meta.main) {
  main(process.argv.slice(2)).catch((error: Error) => {
    narrate(`✗ ${error.message}`)
    process.exitCode = 1
  })
}
